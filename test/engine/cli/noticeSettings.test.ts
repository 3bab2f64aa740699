import { describe, expect, test } from 'vitest'
import {
  type NoticeOptions,
  type Notices,
  needsPassword,
  noticeSettings,
} from '../../../engine/cli/commands/notices/settings.ts'
import { outcomeOf } from '../../../engine/cli/commands/notices/verbs.ts'

const email = {
  ...{ host: 'mail.example.org', port: 587, tls: 'starttls' as const, user: 'me' },
  ...{ from: 'me@example.org', to: ['me@example.org'] },
}
const nothing = { email: null, webhook: null }
const both = { email, webhook: { url: 'https://example.org/hook' } }
const given = (options: Partial<NoticeOptions>): NoticeOptions => ({ email: true, ...options })

describe('the settings of notices', () => {
  test('of a first e-mail need a server, a sender and a recipient, and say which is missing', () => {
    expect(() => noticeSettings(nothing, given({ host: 'x' }))).toThrow('E-mail cannot be sent without --from, --to.')
    const { user: _, ...first } = email
    const options = given({ host: email.host, from: email.from, to: email.to })
    expect(noticeSettings(nothing, options)).toEqual({ email: first, webhook: null })
  })

  test('stay where nothing else is given', () => {
    expect(noticeSettings(both, given({ to: ['a@example.org', 'b@example.org'] }))).toEqual({
      ...both,
      email: { ...email, to: ['a@example.org', 'b@example.org'] },
    })
    expect(noticeSettings(both, given({ webhook: 'https://example.org/new' }))).toEqual({
      email,
      webhook: { url: 'https://example.org/new' },
    })
    expect(noticeSettings(both, given({ passwordFile: '-' }))).toEqual(both)
    expect(noticeSettings(both, given({ webhookSecretFile: 'f' }))).toEqual(both)
  })

  test('go when they are told to, each by itself', () => {
    expect(noticeSettings(both, given({ email: false }))).toEqual({ ...both, email: null })
    expect(noticeSettings(both, given({ webhook: false }))).toEqual({ ...both, webhook: null })
    expect(noticeSettings(both, given({ user: '' })).email).not.toHaveProperty('user')
  })

  test('take the usual port of a new encryption, and keep one that was chosen', () => {
    const port = (options: Partial<NoticeOptions>, before = email) =>
      noticeSettings({ email: before, webhook: null }, given(options)).email?.port
    expect(port({ tls: 'tls' })).toBe(465)
    expect(port({ tls: 'tls', port: '4650' })).toBe(4650)
    expect(port({ from: 'you@example.org' }, { ...email, port: 2525 })).toBe(2525)
  })

  test.each<[string, Pick<Notices, 'email' | 'webhook'>, Partial<NoticeOptions>]>([
    ['nothing', both, {}],
    ['no e-mail and a server for it', both, { email: false, host: 'x' }],
    ['no webhook and a secret for it', both, { webhook: false, webhookSecretFile: 'f' }],
    ['a secret for a webhook that is not there', nothing, { webhookSecretFile: 'f' }],
    ['an encryption that does not exist', both, { tls: 'ssl' }],
    ['a port that is none', both, { port: 'smtp' }],
  ])('cannot be %s', (_what, before, options) => {
    expect(() => noticeSettings(before, given(options))).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  })
})

test('a password is asked for again for another user or another server, and for nobody', () => {
  expect(needsPassword(null, email)).toBe(true)
  expect(needsPassword(email, { ...email, port: 465 })).toBe(false)
  expect(needsPassword(email, { ...email, user: 'you' })).toBe(true)
  expect(needsPassword(email, { ...email, host: 'mail.example.com' })).toBe(true)
  const { user: _, ...open } = email
  expect(needsPassword(email, open)).toBe(false)
  expect(needsPassword(email, null)).toBe(false)
})

describe('a test message', () => {
  const [early, late] = ['2026-01-31T10:00:00.000Z', '2026-01-31T10:01:00.000Z']
  const quiet = { waiting: 0, dropped: 0, error: null, lastDeliveredAt: early }
  const troubled = { waiting: 1, dropped: 0, error: 'No.', errorAt: early, lastDeliveredAt: early }

  test('has arrived when something was delivered since and nothing waits', () => {
    expect(outcomeOf(quiet, quiet)).toBe('waiting')
    expect(outcomeOf(quiet, { ...quiet, waiting: 1, lastDeliveredAt: late })).toBe('waiting')
    expect(outcomeOf(quiet, { ...quiet, lastDeliveredAt: late })).toEqual({ arrived: true, error: null })
    expect(outcomeOf(null, { ...quiet, lastDeliveredAt: null })).toBe('waiting')
  })

  test('has not when something went wrong since, also what went wrong before', () => {
    expect(outcomeOf(troubled, { ...troubled, waiting: 2 })).toBe('waiting')
    const again = { ...troubled, waiting: 2, errorAt: late }
    expect(outcomeOf(troubled, again)).toEqual({ arrived: false, error: 'No.' })
  })

  test('says nothing of a way that is not set up', () => {
    expect(outcomeOf(null, null)).toBeNull()
  })
})
