import { HoldfastError } from '../contract/errors.ts'
import { maxVersionName, versionNameShape } from '../contract/versionName.ts'

/** True for letters, digits and any of - _ . : / @ +, at most 248 characters, with no - at either end. */
export const isVersionName = (text: string): boolean => text.length <= maxVersionName && versionNameShape.test(text)

/** Fails with usage.invalid, and says what is wrong, when the text cannot be the name of a version. */
export function requireVersionName(text: string): void {
  if (isVersionName(text)) return
  const odd = [...text].find(character => !/[-a-zA-Z0-9_.:/@+]/.test(character))
  const why =
    text === ''
      ? 'it is empty'
      : odd !== undefined
        ? `it contains “${odd}”`
        : text.length > maxVersionName
          ? `it has ${text.length} characters`
          : 'it begins or ends with “-”'
  throw new HoldfastError('usage.invalid', `“${text}” cannot be the name of a version: ${why}.`, {
    advice: `Use up to ${maxVersionName} letters, digits and the characters - _ . : / @ +, with no - at the ends.`,
    details: { name: text },
  })
}

/**
 * The name that versions of a source get when the person gives none: the last part of its path, with accents dropped and
 * every run of characters that a name cannot have replaced by one "-". Always a legal name; "backup" when nothing is left.
 */
export function defaultVersionName(sourcePath: string): string {
  const last = sourcePath.replace(/\/+$/, '').split('/').at(-1)!
  const plain = last.normalize('NFKD').replace(/\p{Mark}+/gu, '')
  const name = plain
    .replace(/[^-a-zA-Z0-9_.:@+]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, maxVersionName)
    .replace(/-+$/, '')
  return /[a-zA-Z0-9]/.test(name) ? name : 'backup'
}
