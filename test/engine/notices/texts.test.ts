import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../../engine/base/localTime.ts'
import type { NoticeEvent } from '../../../engine/notices/events.ts'
import { lengthOfTime, oneLine, pastTime } from '../../../engine/notices/plainText.ts'
import { desktopNotice, noticeText } from '../../../engine/notices/texts.ts'
import { noon, unreachable } from '../../support/jobHealth.ts'

const context = { host: 'anna-laptop', timeZone: 'Europe/Berlin' }
const about = (name: string, reminder = false) => ({ id: `id-${name}`, name, reminder, lastSuccess: noon - 3 * dayMs })

const failed = (...names: string[]): NoticeEvent => ({
  event: 'run-failed',
  at: noon,
  jobs: names.map(name => ({ ...about(name), failure: unreachable })),
})
const overdue = (name: string): NoticeEvent => ({
  event: 'overdue',
  at: noon,
  jobs: [
    {
      ...about(name),
      since: noon - dayMs,
      waitingFor: { drive: 'Samsung T7', since: noon - 2 * dayMs, lastSeen: noon - 3 * dayMs },
    },
  ],
})
const everyEvent = (name: string): NoticeEvent[] => [
  failed(name),
  failed(name, 'Photos'),
  overdue(name),
  { event: 'overdue', at: noon, jobs: [{ ...about(name), lastSuccess: null, since: noon - dayMs }] },
  {
    event: 'recovered',
    at: noon,
    jobs: [{ ...about(name), from: ['run-failed', 'overdue', 'damaged'], since: noon - dayMs }],
  },
  { event: 'damaged', at: noon, jobs: [{ ...about(name), since: noon, repository: name, versions: 1, blocks: 3 }] },
  {
    event: 'waiting-for-drive',
    at: noon,
    jobs: [{ ...about(name), since: noon - 4 * dayMs, drive: name, lastSeen: null }],
  },
  {
    event: 'hook-failed',
    at: noon,
    jobs: [{ ...about(name), hooks: [{ hook: name, moment: 'after-backup', at: noon, reason: name }] }],
  },
]

describe('texts', () => {
  it('say what happened, to which job, since when and what to do now', () => {
    expect(noticeText(failed('Home'), context)).toEqual({
      subject: 'Holdfast on anna-laptop: Backup “Home” failed',
      body: [
        'Backup “Home” failed on anna-laptop.',
        '',
        '“Home”:',
        '  What happened: The bucket could not be reached.',
        '  Tried: 3 times',
        '  What to do now: Check the network.',
        '  Since: 2030-01-02 12:00 (1 hour ago)',
        '  Last successful backup: 2029-12-30 13:00 (3 days ago)',
        '',
        'Versions that were stored before are not touched by this. The schedule goes on.',
        '',
      ].join('\n'),
    })
  })

  it('of an overdue backup name the drive that is missing', () => {
    const { subject, body } = noticeText(overdue('Home'), context)
    expect(subject).toBe('Holdfast on anna-laptop: Backup “Home” is overdue')
    expect(body).toContain('its drive “Samsung T7” is not connected')
    expect(body).toContain('The drive was last seen: 2029-12-30 13:00 (3 days ago)')
    expect(body).toContain('What to do now: connect “Samsung T7”')
  })

  it('tell many jobs in one message and count those that do not fit', () => {
    const { subject, body } = noticeText(failed(...Array.from({ length: 25 }, (_, index) => `Job ${index}`)), context)
    expect(subject).toBe('Holdfast on anna-laptop: 25 backups failed')
    expect(body).toContain('\n“Job 19”:\n')
    expect(body).not.toContain('Job 20')
    expect(body).toContain('And 5 more.')
  })

  it('call a reminder one', () => {
    const event: NoticeEvent = { event: 'overdue', at: noon, jobs: [{ ...about('Home', true), since: noon - dayMs }] }
    expect(noticeText(event, context).subject).toBe('Holdfast on anna-laptop: Still: Backup “Home” is overdue')
    expect(desktopNotice(event).title).toBe('Still: Backup “Home” is overdue')
  })

  it.each(everyEvent('Home').map(event => [event.event, event] as const))(
    'of %s are whole sentences about the job',
    (_, event) => {
      const { subject, body } = noticeText(event, context)
      const { title, body: words } = desktopNotice(event)
      for (const text of [subject, body, title, words])
        expect(text).not.toMatch(/undefined|null|NaN|\[object|\.\.| {3}/)
      expect(body).toContain('Home')
      expect(body).toMatch(/What to do now|What is over/)
      expect(body.split('\n').filter(line => /^\S.*[^.:]$/.test(line))).toEqual([])
    },
  )

  it('let no name begin a line, a header or a control sequence', () => {
    const nasty = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map(text => `${text}\r\nBcc: evil@example.org\u001b[2J\u202e\u2028x`)
    fc.assert(
      fc.property(nasty, name => {
        for (const event of everyEvent(name)) {
          const { subject, body } = noticeText(event, { ...context, host: name })
          const { title, body: words } = desktopNotice(event)
          for (const line of [subject, title, words, ...body.split('\n')]) {
            expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
            expect(line).not.toMatch(/^Bcc/)
            expect(line.isWellFormed()).toBe(true)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('hold no password out of an address', () => {
    const message = 'https://anna:hunter2@example.org/dav did not answer.'
    const event: NoticeEvent = {
      event: 'run-failed',
      at: noon,
      jobs: [{ ...about('Home'), failure: { ...unreachable, message } }],
    }
    expect(noticeText(event, context).body).toContain('https://anna:[redacted]@example.org')
    expect(JSON.stringify([noticeText(event, context), desktopNotice(event)])).not.toContain('hunter2')
  })

  it('have a length that does not depend on the names', () => {
    const { subject, body } = noticeText(failed('x'.repeat(100_000)), context)
    expect(subject.length).toBeLessThanOrEqual(150)
    expect(body.length).toBeLessThan(1500)
  })
})

describe('desktop notifications', () => {
  it('are short and say how urgent they are', () => {
    expect(desktopNotice(failed('Home'))).toEqual({
      title: 'Backup “Home” failed',
      body: 'The bucket could not be reached. Check the network.',
      urgency: 'normal',
      about: { kind: 'run-failed', reminder: false, count: 1, jobs: ['Home'], drive: null, error: unreachable.code },
    })
    expect(desktopNotice(failed('A', 'B', 'C', 'D', 'E'))).toEqual({
      title: '5 backups failed',
      body: '“A”, “B”, “C”, 2 more. Open Holdfast to see why.',
      urgency: 'normal',
      about: { kind: 'run-failed', reminder: false, count: 5, jobs: ['A', 'B', 'C'], drive: null, error: null },
    })
    expect(desktopNotice(overdue('Home'))).toMatchObject({
      body: 'Connect the drive “Samsung T7”.',
      urgency: 'critical',
      about: { drive: 'Samsung T7' },
    })
    expect(everyEvent('x').map(event => `${event.event} ${desktopNotice(event).urgency}`)).toEqual(
      expect.arrayContaining(['recovered low', 'damaged critical', 'waiting-for-drive normal', 'hook-failed normal']),
    )
  })
})

describe('desktop notifications with tags in a name', () => {
  it('show them instead of following them', () => {
    const { title, body } = desktopNotice(failed('<img src="http://example.org/x">'))
    expect(title).toBe('Backup “‹img src="http://example.org/x"›” failed')
    expect(title + body).not.toMatch(/[<>]/)
  })
})

describe('words', () => {
  it.each([
    ['a\r\nb\tc', 'a b c'],
    ['\u001b[31mred\u0000', '?[31mred?'],
    ['a\u202eb\u200eb', 'a?b?b'],
    ['👩‍👧 né', '👩‍👧 né'],
    ['\ud800', '?'],
    ['  x  ', 'x'],
  ])('%j becomes %j', (text, line) => {
    expect(oneLine(text)).toBe(line)
  })

  it('cut text between characters', () => {
    expect(oneLine('😀😀😀😀', 3)).toBe('😀😀…')
  })

  it.each([
    [-5, 'less than a minute'],
    [59_999, 'less than a minute'],
    [60_000, '1 minute'],
    [2 * hourMs - 1, '1 hour'],
    [50 * hourMs, '2 days'],
  ])('%d ms are %s', (ms, words) => {
    expect(lengthOfTime(ms)).toBe(words)
  })

  it('do not call the future past', () => {
    expect(pastTime(noon + hourMs, noon, 'UTC')).toBe('2030-01-02 13:00')
    expect(pastTime(noon - hourMs, noon, 'UTC')).toBe('2030-01-02 11:00 (1 hour ago)')
  })
})
