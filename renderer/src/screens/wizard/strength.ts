/**
 * How hard a passphrase is to guess, by rules of thumb that err on the careful side: what somebody who tries words, names,
 * years and rows of keys first would need. Pure.
 */

export type Strength = 0 | 1 | 2 | 3 | 4

/** Below this the wizard does not go on. */
export const leastStrength: Strength = 2

const common = new Set(
  `password passwort passphrase kennwort geheim secret letmein welcome willkommen admin administrator login master hello hallo
  iloveyou sunshine sommer winter princess dragon monkey football fussball baseball superman batman shadow michael michaela
  jennifer thomas daniel charlie schatz liebe qwerty qwertz asdf asdfgh yxcvbn zxcvbn holdfast backup sicherung linux ubuntu debian
  computer internet samsung test`.split(/\s+/),
)

const rows = ['1234567890', 'qwertyuiop', 'qwertzuiop', 'asdfghjkl', 'yxcvbnm', 'zxcvbnm', 'abcdefghijklmnopqrstuvwxyz']

/** Estimated logarithm of the guesses that are needed, to base 2. */
export function passphraseBits(text: string): number {
  const words = text.split(/[\s\-_.,;:+/]+/).filter(Boolean)
  const seen = new Set<string>()
  let bits = 0
  for (const word of words) {
    const key = plain(word)
    // A word that was there before adds next to nothing.
    bits += seen.has(key) ? 1 : wordBits(word)
    seen.add(key)
  }
  return bits
}

export function strengthOf(text: string): Strength {
  const bits = passphraseBits(text)
  if (bits < 22) return 0
  if (bits < 36) return 1
  if (bits < 48) return 2
  if (bits < 62) return 3
  return 4
}

function wordBits(word: string): number {
  const bare = plain(word).replace(/^\d+|\d+$/g, '')
  const digits = word.length - bare.length
  if (common.has(bare)) return 5 + Math.min(digits, 4) * 2
  if (/^\d+$/.test(word)) return digitBits(word)
  const lettersOnly = /^\p{L}+$/u.test(word)
  // A word as dictionaries have it: one of some ten thousand, however long it is.
  if (lettersOnly && word.length >= 3)
    return Math.min(runBits(word), word.length > 12 ? 22 : 13 + (isMixed(word) ? 2 : 0))
  return runBits(word)
}

/** Years and dates are among the first that are tried. */
function digitBits(word: string): number {
  if (/^(19|20)\d\d$/.test(word)) return 6
  if (/^\d{6}$|^\d{8}$/.test(word)) return Math.min(14, runBits(word))
  return runBits(word)
}

/** Each sign for itself, less for those that follow from the one before: repetitions, rows of keys, the alphabet. */
function runBits(word: string): number {
  const each = Math.log2(alphabetOf(word))
  const lower = word.toLowerCase()
  let bits = each
  for (let i = 1; i < lower.length; i++) bits += isExpected(lower[i - 1]!, lower[i]!) ? 0.8 : each
  const distinct = new Set(lower).size
  // 'abababab' is hardly more than 'ab'.
  return distinct <= 3 ? Math.min(bits, distinct * each + 3) : bits
}

const isExpected = (before: string, sign: string): boolean =>
  before === sign || rows.some(row => row.includes(before + sign) || row.includes(sign + before))

function alphabetOf(word: string): number {
  let size = 0
  if (/\p{Ll}/u.test(word)) size += 26
  if (/\p{Lu}/u.test(word)) size += 26
  if (/\d/.test(word)) size += 10
  if (/[^\p{L}\d]/u.test(word)) size += 20
  return Math.max(size, 10)
}

/** 'P4ssw0rd' is 'password' to those who guess. */
const plain = (word: string): string =>
  word
    .toLowerCase()
    .replace(/[@4](?=\p{L})/gu, 'a')
    .replace(/3(?=\p{L})/gu, 'e')
    .replace(/[1!](?=\p{L})/gu, 'i')
    .replace(/0(?=\p{L})/gu, 'o')
    .replace(/[$5](?=\p{L}|$)/gu, 's')

const isMixed = (word: string): boolean => /\p{Ll}\p{Lu}/u.test(word)
