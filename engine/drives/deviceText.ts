import { maximumDeviceText } from '../contract/drives.ts'

/**
 * Makes text that a device or a stranger's file system says of itself fit to be shown: control characters, characters
 * that turn the direction of writing, and broken surrogates become blanks, runs of blanks become one. Null when nothing
 * is left. At most maximumDeviceText characters.
 */
export function cleanText(text: unknown): string | null {
  if (typeof text !== 'string') return null
  const clean = text
    // Before anything else, so that megabytes of label cost nothing.
    .slice(0, maximumDeviceText * 8)
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ')
    .trim()
  if (clean.length <= maximumDeviceText) return clean === '' ? null : clean
  // Not through the middle of a character.
  return clean
    .slice(0, maximumDeviceText)
    .toWellFormed()
    .replace(/\uFFFD$/, '')
    .trimEnd()
}

/** Undoes the `\x20` of udev and libblkid, byte by byte. */
export function decodeEscapes(text: string): string {
  if (!text.includes('\\x')) return text
  const bytes: number[] = []
  for (let at = 0; at < text.length; ) {
    const escaped = /^\\x([0-9a-fA-F]{2})/.exec(text.slice(at, at + 4))
    if (escaped) {
      bytes.push(Number.parseInt(escaped[1]!, 16))
      at += 4
      continue
    }
    const character = String.fromCodePoint(text.codePointAt(at)!)
    bytes.push(...Buffer.from(character))
    at += character.length
  }
  return Buffer.from(bytes).toString('utf8')
}
