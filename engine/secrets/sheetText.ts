import { namesSecret } from '../base/logger.ts'

/** Texts on the recovery sheet, from names that anybody may have chosen. Pure. */

/** Text as HTML, in elements and in attributes with double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/**
 * A name on one line: no control characters, none that turn the direction of what follows, no pile of accents, and at most
 * `longest` characters, of which the middle is left out.
 */
export function displayText(text: string, longest: number): string {
  const clean = text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .trim()
  const characters = [...clean]
  if (characters.length <= longest) return clean
  const half = (longest - 1) / 2
  return [...characters.slice(0, Math.ceil(half)), '…', ...characters.slice(-Math.floor(half))].join('')
}

/** 2026-03-01, of a date in ISO 8601 or milliseconds since 1970, in UTC; "unknown" when it is none. */
export function dateText(date: string | number): string {
  const time = new Date(date)
  return Number.isNaN(time.getTime()) ? 'unknown' : time.toISOString().slice(0, 10)
}

/** A word of a shell command that means exactly this text. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (!/[\x00-\x1f\x7f]/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is escaped
  return `$'${text.replace(/[\\']/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, character => `\\x${hexOf(character)}`)}'`
}

const hexOf = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0')

/**
 * The place of a repository without passwords, keys and signatures. Folders come back as they are; of other places the password,
 * the parameters whose names tell of secrets, and the fragment go. What is left may need a login at the other end.
 */
export function placeWithoutSecrets(url: string): string {
  if (folderOf(url) !== undefined) return url
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:(?:\/\/)?)(.*)$/is.exec(url) ?? []
  // The password first: it may hold any of the other signs.
  const [beforeFragment = ''] = withoutPassword(rest).split('#')
  const [address = '', ...query] = beforeFragment.split('?')
  const kept = query
    .join('?')
    .split('&')
    .filter(part => part !== '' && !isSecretParameter(part.split('=')[0] ?? ''))
  return `${scheme}${address}${kept.length > 0 ? `?${kept.join('&')}` : ''}`
}

function withoutPassword(address: string): string {
  const authorityEnd = address.indexOf('/') < 0 ? address.length : address.indexOf('/')
  const authority = address.slice(0, authorityEnd)
  // A password with a slash in it ends after what looks like a host with a strange port.
  const isBroken = !authority.includes('@') && /:(?!\d*$)/.test(authority)
  const end = isBroken ? address.lastIndexOf('@') : authority.lastIndexOf('@')
  if (end < 0) return address
  const user = address.slice(0, end).split(':')[0] ?? ''
  return `${user}${address.slice(end)}`
}

const isSecretParameter = (name: string): boolean => namesSecret(name) || /sig|auth|pass|pwd|token|secret/i.test(name)

/** The folder of a repository on a drive; undefined for places elsewhere. As the storage layer reads it. */
export function folderOf(url: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) return url
  if (!/^file:/i.test(url)) return undefined
  const rest = url.slice('file:'.length)
  return rest.startsWith('//') ? decodedPath(rest) : rest
}

function decodedPath(rest: string): string {
  try {
    return decodeURIComponent(new URL(`file:${rest}`).pathname)
  } catch {
    return rest
  }
}
