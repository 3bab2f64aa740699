import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'

/** 24 English words for 32 random bytes, with checksum (BIP-39). */
export function phraseFromSecret(secret: Uint8Array): string {
  return entropyToMnemonic(secret, wordlist)
}

/** Words as people type them: any case, any white space. */
export function phraseWords(text: string): string[] {
  return text.trim().toLowerCase().split(/\s+/)
}

/** The secret of a recovery phrase; undefined when a word is unknown or the checksum does not fit. */
export function secretFromPhrase(text: string): Uint8Array | undefined {
  const words = phraseWords(text)
  if (words.length !== 24) return undefined
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    return undefined
  }
}

/** Positions (from 1) of words that are not in the list, for a message that names the typo. */
export function unknownWords(text: string): number[] {
  return phraseWords(text).flatMap((word, i) => (wordlist.includes(word) ? [] : [i + 1]))
}

/** True when the text can only be meant as a recovery phrase: 24 words, most of them from the list. */
export function looksLikePhrase(text: string): boolean {
  const words = phraseWords(text)
  return words.length === 24 && unknownWords(text).length < 6
}
