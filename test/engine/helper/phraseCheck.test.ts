import { expect, test } from 'vitest'
import { secretOfPhrase } from '../../../engine/helper/phraseCheck.ts'
import { phraseFromSecret } from '../../../engine/repository/recoveryPhrase.ts'

const phrase = phraseFromSecret(Buffer.alloc(32, 5))
const words = phrase.split(' ')
const detailsOf = (text: string) => {
  try {
    return secretOfPhrase(text)
  } catch (error) {
    return error
  }
}

test('a phrase is understood in any case and with any white space', () => {
  expect(secretOfPhrase(` ${words.join('\n ').toUpperCase()}\t`)).toEqual({ kind: 'recovery', phrase })
})

test('a word that is none is named with its place, before anything is said of how many there are', () => {
  const wrong = { code: 'repository.wrongKey', details: { word: 'zzz', number: 3 } }
  expect(detailsOf(words.with(2, 'zzz').join(' '))).toMatchObject(wrong)
  expect(detailsOf(words.with(2, 'zzz').slice(0, 5).join(' '))).toMatchObject(wrong)
})

test('no word of the secret gets into an error', () => {
  const tooFew = detailsOf(words.slice(0, 20).join(' '))
  expect(tooFew).toMatchObject({ code: 'repository.wrongKey', details: { words: 20 } })
  const swapped = detailsOf(words.with(0, words[1] === 'zoo' ? 'zone' : 'zoo').join(' '))
  expect(swapped).toMatchObject({ code: 'repository.wrongKey', details: {} })
  for (const error of [tooFew, swapped]) expect(JSON.stringify(error)).not.toContain(words[5]!)
})
