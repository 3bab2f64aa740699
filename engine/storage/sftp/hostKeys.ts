import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Which keys a host may have, as files of known hosts tell (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). Everything here is pure. */

export interface KnownHost {
  /** As written: patterns with commas between, or one hashed name. */
  names: string
  marker: 'revoked' | undefined
  type: string
  key: Buffer
  /** For messages. */
  file: string
  line: number
}

/** How a presented key stands to what is known. */
export type Verdict =
  | { kind: 'known' }
  | { kind: 'unknown' }
  | { kind: 'changed'; known: readonly KnownHost[] }
  | { kind: 'revoked'; known: readonly KnownHost[] }

/** Lines that cannot be understood are left out, as ssh does; so are authorities of certificates, which need another way in. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((content, index) => {
    const fields = content.trim().split(/\s+/)
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
    const [names, type, base64] = fields
    if (!names || names.startsWith('#') || !type || !base64) return []
    if (marker !== undefined && marker !== '@revoked') return []
    const key = Buffer.from(base64, 'base64')
    if (typeOf(key) !== type) return []
    return [{ names, type, key, file, line: index + 1, marker: marker && ('revoked' as const) }]
  })
}

/** The name of a server in such files: with its port when that is not 22. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** What is known of one host. */
export function knownOf(all: readonly KnownHost[], name: string): KnownHost[] {
  return all.filter(({ names }) => matches(names, name))
}

/**
 * Judges a key by what is known of its host. A host of which only other keys are known counts as changed, also when they are of
 * other types: whoever poses as it could choose a type that nobody has seen yet.
 */
export function judge(known: readonly KnownHost[], key: Buffer): Verdict {
  const same = known.filter(entry => entry.key.equals(key))
  const revoked = same.filter(entry => entry.marker === 'revoked')
  if (revoked.length > 0) return { kind: 'revoked', known: revoked }
  if (same.length > 0) return { kind: 'known' }
  const valid = known.filter(entry => entry.marker === undefined)
  return valid.length > 0 ? { kind: 'changed', known: valid } : { kind: 'unknown' }
}

/** Ways to prove a host key, those first that what is known can judge. */
export function preferred(algorithms: readonly string[], known: readonly KnownHost[]): string[] {
  const types = new Set(known.filter(entry => entry.marker === undefined).map(entry => entry.type))
  const fits = (algorithm: string) => types.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm)
  return [...algorithms.filter(fits), ...algorithms.filter(algorithm => !fits(algorithm))]
}

/** As ssh shows it: SHA256: and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type that a key in its wire form begins with (RFC 4253, section 6.6); undefined when it is none. */
export function typeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined
  const length = key.readUInt32BE(0)
  return length > 0 && 4 + length < key.length ? key.toString('latin1', 4, 4 + length) : undefined
}

/** A line for such a file. */
export const knownHostLine = (name: string, key: Buffer): string => `${name} ${typeOf(key)} ${key.toString('base64')}`

function matches(names: string, name: string): boolean {
  if (names.startsWith('|1|')) return matchesHash(names, name)
  let found = false
  for (const pattern of names.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!')
    if (!wildcards(isNegated ? pattern.slice(1) : pattern).test(name)) continue
    if (isNegated) return false
    found = true
  }
  return found
}

/** |1|SALT|HASH, the hash being HMAC-SHA1 of the name with the salt as key. */
function matchesHash(hashed: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hashed.split('|')
  const wanted = Buffer.from(hash, 'base64')
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return wanted.length === found.length && timingSafeEqual(wanted, found)
}

/** * stands for any characters, ? for one. */
function wildcards(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`)
}
