import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../engine/contract/errors.ts'
import { deMessages } from '../../renderer/src/i18n/de/index.ts'
import { enMessages } from '../../renderer/src/i18n/en/index.ts'
import { firstLanguage, speechOf } from '../../renderer/src/i18n/language.ts'
import type { Message } from '../../renderer/src/i18n/text.ts'

const english: Record<string, Message> = enMessages
const german: Record<string, Message> = deMessages

const textsOf = (message: Message): string[] => (typeof message === 'string' ? [message] : [message.one, message.other])
const placeholdersOf = (message: Message): string[] => {
  const longest = typeof message === 'string' ? message : message.other
  return [...longest.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted()
}

describe('the words of the screens', () => {
  it('are the same keys in both languages', () => {
    expect(Object.keys(german).toSorted()).toEqual(Object.keys(english).toSorted())
  })

  it('name the same placeholders and have plurals at the same places', () => {
    for (const [key, message] of Object.entries(english)) {
      expect({ key, names: placeholdersOf(german[key]!), kind: typeof german[key] }).toEqual({
        key,
        names: placeholdersOf(message),
        kind: typeof message,
      })
    }
  })

  it('are never empty and never the key itself', () => {
    for (const messages of [english, german]) {
      for (const [key, message] of Object.entries(messages)) {
        for (const text of textsOf(message)) expect(text.trim(), key).not.toBe('')
        for (const text of textsOf(message)) expect(text, key).not.toBe(key)
      }
    }
  })

  it('have a title and an advice for every error code', () => {
    for (const messages of [english, german]) {
      for (const code of errorCodes) {
        expect(messages[`error.${code}`], code).toBeTypeOf('string')
        expect(messages[`error.${code}.do`], code).toBeTypeOf('string')
      }
    }
  })

  it('avoid the words of the engine', () => {
    const forbidden = /\b(chunk|prune|pruning|repo|repository|flash|snapshot|Repositorium|Snapshot)\b/i
    for (const messages of [english, german]) {
      for (const [key, message] of Object.entries(messages)) {
        for (const text of textsOf(message)) expect(text, key).not.toMatch(forbidden)
      }
    }
  })

  it('fill in values and choose the plural', () => {
    const { t } = speechOf('de', [])
    expect(t('versions.inDestination', { count: 1, destination: 'T7' })).toBe('1 Version in T7')
    expect(t('versions.inDestination', { count: 1200, destination: 'T7' })).toBe('1.200 Versionen in T7')
  })

  it('leave braces in a value alone', () => {
    const { t } = speechOf('en', [])
    expect(t('notices.dismiss', { title: '{count}' })).toBe('Dismiss: {count}')
  })

  it('are in the language that was chosen, else in the first that the person prefers and we speak', () => {
    expect(firstLanguage('de', ['en-GB'])).toBe('de')
    expect(firstLanguage(null, ['fr-FR', 'de-AT', 'en-US'])).toBe('de')
    expect(firstLanguage('xx', ['fr-FR'])).toBe('en')
  })
})
