import { HoldfastError } from '../contract/errors.ts'
import type { Secret } from '../engineApi.ts'
import { looksLikePhrase, phraseWords, secretFromPhrase, unknownWords } from '../repository/recoveryPhrase.ts'

/**
 * What a typed recovery phrase means. `repository.wrongKey` when it can be none: its details say which `word` is not in the
 * list and its `number` from 1, or how many `words` there are in place of 24, or nothing when the checksum does not fit.
 */
export function secretOfPhrase(text: string): Secret {
  const words = phraseWords(text)
  const [number] = unknownWords(text)
  if (number !== undefined) {
    throw new HoldfastError('repository.wrongKey', `Word ${number} of the recovery phrase is not in the word list.`, {
      advice: 'Look for a typing error there; the words are plain English.',
      // It is none of the secret's words.
      details: { word: words[number - 1]!.slice(0, 40), number },
    })
  }
  if (words.length !== 24) {
    throw new HoldfastError(
      'repository.wrongKey',
      `The recovery phrase has ${words.length} words, and should have 24.`,
      {
        advice: 'Type all of them, in their order.',
        details: { words: words.length },
      },
    )
  }
  if (!secretFromPhrase(text)) {
    throw new HoldfastError('repository.wrongKey', 'The recovery phrase is not right: its checksum does not fit.', {
      advice: 'All 24 words are possible ones, so one is mistaken for another or they are in the wrong order.',
    })
  }
  return { kind: 'recovery', phrase: words.join(' ') }
}

/** Fails with usage.invalid for a new passphrase that could only be taken for a recovery phrase. */
export function requireNewPassphrase(text: string): void {
  if (!looksLikePhrase(text)) return
  throw new HoldfastError('usage.invalid', 'A passphrase of 24 such words would be taken for a recovery phrase.', {
    advice: 'Choose another passphrase; a recovery phrase of its own is made for every repository.',
  })
}
