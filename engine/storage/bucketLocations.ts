import { invalidLocation, optionText, splitOptions } from './locationText.ts'

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
}

export type S3Location = BucketPlace & BucketOptions & { scheme: 's3' }
export type B2Location = BucketPlace & BucketOptions & { scheme: 'b2' }

const optionNames = ['endpoint', 'region', 'style', 'class', 'ca'] as const

/**
 * s3:BUCKET/PREFIX, s3:https://HOST/BUCKET/PREFIX or b2:BUCKET/PREFIX, with options after a question mark. Anything else is
 * usage.invalid.
 */
export function parseBucket(text: string, scheme: 's3' | 'b2', rest: string): S3Location | B2Location {
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
}: S3Location | B2Location): string {
  const path = prefix === '' ? bucket : `${bucket}/${prefix}`
  const asServer = scheme === 's3' && endpoint !== undefined
  const options = { ...(!asServer && { endpoint }), region, style, class: storageClass, ca }
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
  // Somebody may have written a key into it.
  const shown = text.replace(/\/\/[^/@]*@/g, '//…@')
  throw invalidLocation(shown, `${shown} names no server.`, 'Write https://HOST or https://HOST:PORT, without keys.')
}

function styleOf(text: string, style: string): 'path' | 'virtual' {
  if (style === 'path' || style === 'virtual') return style
  throw invalidLocation(text, `${style} is no style of ${text}.`, 'The style is path or virtual.')
}
