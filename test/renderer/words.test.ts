import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../engine/contract/errors.ts'
import type { JobView } from '../../engine/contract/helperContract.ts'
import { type RetentionReason, retentionPeriods, retentionReasonSchema } from '../../engine/contract/models.ts'
import { jobStateReasons } from '../../engine/contract/schedule.ts'
import {
  cronFieldNames,
  type ScheduleExpectation,
  scheduleExpectations,
} from '../../engine/contract/scheduleMistake.ts'
import { noticeKinds } from '../../engine/contract/shownNotice.ts'
import { deMessages } from '../../renderer/src/i18n/de/index.ts'
import { enMessages } from '../../renderer/src/i18n/en/index.ts'
import { firstLanguage, type Speech } from '../../renderer/src/i18n/language.ts'
import type { Message } from '../../renderer/src/i18n/text.ts'
import { expectationWords, noticeWords, retentionWords, standingWords } from '../../renderer/src/i18n/told.ts'
import { spoken } from './fake/speech.ts'

const english: Record<string, Message> = enMessages
const german: Record<string, Message> = deMessages

const textsOf = (message: Message): string[] => (typeof message === 'string' ? [message] : [message.one, message.other])
const placeholdersOf = (message: Message): string[] => {
  const longest = typeof message === 'string' ? message : message.other
  return [...longest.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted()
}

const now = Date.parse('2026-11-26T14:00:00.000Z')

/** A sentence for every code that the contract has for people. */
function* everythingTold(speech: Speech): Generator<string> {
  const { t } = speech
  for (const kind of noticeKinds) {
    for (const [count, drive, error] of [
      [1, null, null],
      [5, null, null],
      [1, 'Blue', null],
      [1, null, 'storage.full'],
    ] as const) {
      const about = { kind, count, reminder: count > 1, jobs: ['Home'], drive, error }
      const notice = {
        at: '2026-11-26T14:00:00.000Z',
        title: 'English',
        body: 'English',
        urgency: 'low',
        about,
      } as const
      yield noticeWords(speech, notice).join(' ')
    }
  }
  for (const reason of jobStateReasons) {
    const standing = { reason, nextAt: '2026-11-27T14:00:00.000Z' } as JobView['standings'][number]
    yield standingWords(speech, standing, now)
  }
  for (const kind of retentionKinds) {
    for (const period of retentionPeriods) {
      for (const back of [0, 1, 5]) {
        const reason = { kind, period, back, position: back + 1, by: 'x', text: 'English', notes: [] }
        const hasPlace = kind === 'oldest' || kind === 'represented'
        if (hasPlace || (period === 'days' && back === 0)) yield retentionWords(t, reason as unknown as RetentionReason)
      }
    }
  }
  for (const code of scheduleExpectations) {
    const field = 'dayOfMonth'
    const values = { code, most: 3, word: 'on', min: 1, max: 9, zone: 'X', field, first: '3' }
    yield expectationWords(t, values as unknown as ScheduleExpectation)
  }
  for (const field of cronFieldNames) yield expectationWords(t, { code: 'cronValue', field, min: 0, max: 1 })
}

/** As the schema has them. */
const retentionKinds = retentionReasonSchema.options.map(option => option.shape.kind.value)

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

  it('say everything that the helper tells by a code', () => {
    for (const language of ['en', 'de'] as const) {
      const speech = spoken(language)
      const said = [...everythingTold(speech)]
      for (const text of said) expect(text).not.toMatch(/\{\w+\}|undefined|^$/)
      expect(new Set(said).size).toBe(said.length)
    }
  })

  it('leave a message as it came when it is of a helper that gives no codes', () => {
    const notice = { at: '2026-11-26T14:00:00.000Z', title: 'New', body: 'Of its own.', urgency: 'low' } as const
    expect(noticeWords(spoken('de'), notice)).toEqual(['New', 'Of its own.'])
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
    const { t } = spoken('de')
    expect(t('versions.inDestination', { count: 1, destination: 'T7' })).toBe('1 Version in T7')
    expect(t('versions.inDestination', { count: 1200, destination: 'T7' })).toBe('1.200 Versionen in T7')
  })

  it('leave braces in a value alone', () => {
    const { t } = spoken('en')
    expect(t('notices.dismiss', { title: '{count}' })).toBe('Dismiss: {count}')
  })

  it('are in the language that was chosen, else in the first that the person prefers and we speak', () => {
    expect(firstLanguage('de', ['en-GB'])).toBe('de')
    expect(firstLanguage(null, ['fr-FR', 'de-AT', 'en-US'])).toBe('de')
    expect(firstLanguage('xx', ['fr-FR'])).toBe('en')
  })
})
