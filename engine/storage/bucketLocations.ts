import { invalidLocation, loginInLocation, optionText, splitOptions } from './locationText.ts'

/** Where in a bucket: its name and what all names of objects begin with, without slashes at either end. */
export interface BucketPlace {
  bucket: string
  /** May be empty: the whole bucket. */
  prefix: string
}

/** What may be said of the server beside the place. */
export interface BucketOptions {
  /** Origin of a server: https://HOST or http://HOST:PORT. */
  endpoint?: string
  region?: string
  /** How the bucket is named in requests; path-style unless the provider is known to want the other. */
  style?: 'path' | 'virtual'
  /** Storage class of all objects, such as STANDARD_IA. */
  class?: string
  /** File with certificates that are trusted beside the system's. */
  ca?: string
  /** Days that objects are locked for, so that nobody can remove them; only in a bucket with object lock. */
  lock?: number
  /** Who can shorten that: nobody (compliance, unless given), or whoever has a right of its own for it (governance). */
  lockMode?: LockMode
  /** The bucket as it was at this moment, for reading only; ISO 8601 in UTC. Needs a bucket with versions. */
  at?: string
}

export type LockMode = 'governance' | 'compliance'

export type S3Location = BucketPlace & BucketOptions & { scheme: 's3' }
export type B2Location = BucketPlace & BucketOptions & { scheme: 'b2' }

/** A server with a key in front, escaped or not; keys may hold slashes, and what follows a colon and is no port is one. */
const holdsLogin = /https?(?::|%3A)(?:\/|%2F){2}(?:[^/?&]*(?:@|%40)|[^/?&@]*:(?!\d*(?:[/?&]|$)))/i

const optionNames = ['endpoint', 'region', 'style', 'class', 'ca', 'lock', 'lock-mode', 'at'] as const

/** S3 takes up to a hundred years; three are a slip of the pen already, and nobody could undo them. */
const mostLockDays = 3 * 366

/**
 * s3:BUCKET/PREFIX, s3:https://HOST/BUCKET/PREFIX or b2:BUCKET/PREFIX, with options after a question mark. Anything else is
 * usage.invalid.
 */
export function parseBucket(text: string, scheme: 's3' | 'b2', rest: string): S3Location | B2Location {
  if (holdsLogin.test(rest)) throw loginInLocation(scheme)
  const { place, options } = splitOptions(text, rest, optionNames)
  const server = scheme === 's3' ? /^(https?:\/\/[^/]*)(?:\/(.*))?$/is.exec(place) : null
  if (server && options.endpoint !== undefined) {
    throw invalidLocation(text, `${text} names the server twice.`, 'Leave the option endpoint out.')
  }
  const endpoint = server ? server[1] : options.endpoint
  // s3://bucket is how other programs write it.
  const path = server ? (server[2] ?? '') : place.replace(/^\/\//, '')
  const [bucket = '', ...prefix] = path.split('/')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    const problem = bucket === '' ? 'names no bucket' : `names the bucket “${bucket}”, which is no name of one`
    throw invalidLocation(text, `${text} ${problem}.`, `Write ${scheme}:BUCKET or ${scheme}:BUCKET/PREFIX.`)
  }
  return {
    scheme,
    bucket,
    prefix: prefixOf(text, prefix),
    ...(endpoint !== undefined && { endpoint: originOf(text, endpoint) }),
    ...(options.region !== undefined && { region: options.region }),
    ...(options.style !== undefined && { style: styleOf(text, options.style) }),
    ...(options.class !== undefined && { class: options.class }),
    ...(options.ca !== undefined && { ca: options.ca }),
    ...lockOf(text, options.lock, options['lock-mode']),
    ...(options.at !== undefined && { at: momentOf(text, options.at) }),
  }
}

/** The same place has the same text. */
export function bucketText({
  scheme,
  bucket,
  prefix,
  endpoint,
  region,
  style,
  class: storageClass,
  ca,
  lock,
  lockMode,
  at,
}: S3Location | B2Location): string {
  const path = prefix === '' ? bucket : `${bucket}/${prefix}`
  const asServer = scheme === 's3' && endpoint !== undefined
  const options = {
    ...(!asServer && { endpoint }),
    region,
    style,
    class: storageClass,
    ca,
    ...lockOptions(lock, lockMode),
    at,
  }
  return `${scheme}:${asServer ? `${endpoint}/` : ''}${path}${optionText(options)}`
}

function prefixOf(text: string, segments: readonly string[]): string {
  const kept = segments.filter(segment => segment !== '')
  const strange = kept.find(
    segment => !/^[A-Za-z0-9 !_.*'()@=+,-]+$/.test(segment) || segment === '.' || segment === '..',
  )
  if (strange !== undefined) {
    throw invalidLocation(
      text,
      `“${strange}” cannot be a part of a prefix.`,
      'Use letters, digits and - _ . in a prefix.',
    )
  }
  return kept.join('/')
}

function originOf(text: string, endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const isOrigin =
    url && /^https?:$/.test(url.protocol) && url.hostname !== '' && url.pathname === '/' && url.search === ''
  if (isOrigin && url.username === '' && url.password === '') return url.origin
  throw invalidLocation(text, `${text} names no server.`, 'Write https://HOST or https://HOST:PORT, without keys.')
}

function styleOf(text: string, style: string): 'path' | 'virtual' {
  if (style === 'path' || style === 'virtual') return style
  throw invalidLocation(text, `${style} is no style of ${text}.`, 'The style is path or virtual.')
}

const lockOptions = (days: number | undefined, mode: LockMode | undefined) =>
  days === undefined ? {} : { lock: String(days), 'lock-mode': mode }

function lockOf(
  text: string,
  days: string | undefined,
  mode: string | undefined,
): Pick<BucketOptions, 'lock' | 'lockMode'> {
  if (days === undefined) {
    if (mode === undefined) return {}
    throw invalidLocation(text, `${text} says how to lock, but not for how long.`, 'Add lock=DAYS, such as lock=30.')
  }
  const lock = Number(days)
  if (!/^\d+$/.test(days) || lock < 1 || lock > mostLockDays) {
    throw invalidLocation(
      text,
      `${days} is no number of days to lock for.`,
      `Write lock=DAYS, from 1 to ${mostLockDays}.`,
    )
  }
  if (mode === undefined || mode === 'compliance') return { lock }
  if (mode === 'governance') return { lock, lockMode: mode }
  throw invalidLocation(text, `${mode} is no way to lock.`, 'lock-mode is compliance or governance.')
}

function momentOf(text: string, at: string): string {
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/.test(at) && !Number.isNaN(Date.parse(at))
  if (isMoment) return new Date(at).toISOString()
  throw invalidLocation(text, `${at} is no moment.`, 'Write at=2026-06-01 or at=2026-06-01T12:00:00Z, in UTC.')
}
