import { describe, expect, it } from 'vitest'
import { jobSettingsSchema } from '../../engine/contract/jobs.ts'
import type { Schedule } from '../../engine/contract/schedule.ts'
import { parseSchedule } from '../../engine/contract/scheduleText.ts'
import { parseRetentionPolicy } from '../../engine/maintenance/retentionPolicy.ts'
import {
  areSourcesChanged,
  changesIn,
  draftOf,
  isChanged,
  type JobDraft,
  mistakesIn,
} from '../../renderer/src/screens/settings/jobDraft.ts'
import {
  addressesIn,
  draftOfNotices,
  isNoticesReady,
  noticesOf,
} from '../../renderer/src/screens/settings/noticesDraft.ts'
import { pauseUntil } from '../../renderer/src/screens/settings/pause.ts'
import {
  keptByAge,
  levelOfPolicy,
  levels,
  placeOfAge,
  policyOfLevel,
} from '../../renderer/src/screens/settings/retentionLevels.ts'
import { draftOfSchedule, presets, readDraft } from '../../renderer/src/screens/settings/schedulePreset.ts'
import { describeSchedule } from '../../renderer/src/screens/settings/scheduleWords.ts'
import { scenario } from './fake/scenarios.ts'
import { spoken } from './fake/speech.ts'

const job = [...scenario('protected').bridge.world.jobs.values()][0]!
const draft = draftOf(job)
const readable = (schedule: Schedule | null) => readDraft(draftOfSchedule(schedule))

describe('the schedule editor', () => {
  it('shows and gives back every schedule unchanged, as a preset where it is one', () => {
    const texts = [
      'hourly',
      'hourly at :15',
      'every 6 hours from 02:00',
      'daily at 20:00',
      'daily at 20:00; when the drive is connected',
      'daily at 20:00; when the drive is connected, at most every 24 hours',
      'weekly on sun at 03:00',
      'weekly on mon,thu at 03:00',
      'monthly on last at 04:00',
      'cron 0 3 * * 1-5',
      'daily at 20:00; in Europe/Berlin',
      'hourly; spread 0 minutes',
    ]
    for (const text of texts) {
      const schedule = parseSchedule(text)
      expect(readable(schedule), text).toEqual({ ok: true, schedule })
    }
    expect(readable(null)).toEqual({ ok: true, schedule: null })
    const presetOf = (text: string) => draftOfSchedule(parseSchedule(text)).preset
    expect(presetOf('daily at 20:00; when the drive is connected')).toBe('dailyDrive')
    expect(presetOf('weekly on sun at 03:00')).toBe('weekly')
    expect(presetOf('daily at 20:00; in Europe/Berlin')).toBe('custom')
  })

  it('says where a text stops being understood', () => {
    const reading = readDraft({ preset: 'custom', time: '', weekday: 'mon', text: 'daily at 20:00; weekly onn mon' })
    expect(reading).toMatchObject({ ok: false, column: 24 })
  })

  it('takes no preset without a time, except where none is needed', () => {
    const without = presets.filter(preset => readDraft({ preset, time: '', weekday: 'mon', text: '' }).ok)
    expect(without).toEqual(['hourly', 'manual'])
  })

  it('tells a schedule in words of the language', () => {
    const schedule = parseSchedule('weekly on mon,thu at 03:00; when the drive is connected; in Europe/Berlin')
    expect(describeSchedule(schedule, spoken('en'))).toBe(
      'Every Monday and Thursday at 03:00 and when the drive is connected, at most every 12 hours, in the time zone Europe/Berlin',
    )
    expect(describeSchedule(schedule, spoken('de'))).toContain('Jede Woche am Montag und Donnerstag um 03:00')
  })
})

describe('the slider of what is kept', () => {
  it('stands for policies that the engine reads, each keeping more than the one before', () => {
    for (const level of levels) {
      const policy = policyOfLevel[level]
      if (policy !== null) expect(parseRetentionPolicy(policy), level).not.toEqual({})
      expect(levelOfPolicy(policy)).toBe(level)
    }
    expect(levelOfPolicy('days3')).toBeNull()
  })

  it('counts what stays by age, each version once', () => {
    const now = Date.parse('2026-11-26T12:00:00.000Z')
    const aged = (days: number, keep = true) => ({
      version: '0'.repeat(16),
      name: 'root',
      date: new Date(now - days * 86_400_000).toISOString(),
      keep,
      reason: { kind: 'latest' as const, position: 1, text: '', notes: [] },
    })
    const counts = keptByAge([aged(0), aged(1), aged(2), aged(3, false), aged(20), aged(300), aged(700)], now)
    expect(counts.map(({ count }) => count)).toEqual([2, 1, 1, 1, 1])
  })

  it('draws older versions further away, and nothing outside of the picture', () => {
    const places = [0, 1, 24, 24 * 30, 24 * 365, 24 * 5000].map(hours => placeOfAge(hours * 3_600_000))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect([places[0], places.at(-1)]).toEqual([0, 1])
  })
})

describe('a job that is edited', () => {
  const changed = (changes: Partial<JobDraft>): JobDraft => ({ ...draft, ...changes })

  it('is unchanged until something is', () => {
    expect(isChanged(job, draft)).toBe(false)
    expect(changesIn(job, draft)).toEqual({})
    expect(mistakesIn(draft)).toEqual([])
  })

  it('sends only what was changed, and what the helper takes', () => {
    const edited = changed({
      name: ' Laptop ',
      conditions: { ...draft.conditions, quietHours: [{ from: '22:00', to: '06:00' }] },
      labels: [['room', 'study']],
    })
    const changes = changesIn(job, edited)
    expect(Object.keys(changes).toSorted()).toEqual(['conditions', 'labels', 'name'])
    const { id: _, pausedUntil, createdAt, updatedAt, scheduledSince, ...settings } = job
    expect(jobSettingsSchema.safeParse({ ...settings, ...changes }).success).toBe(true)
  })

  it('tells changed sources apart from everything else', () => {
    const [first, ...others] = draft.sources
    expect(areSourcesChanged(job, changed({ sources: [{ ...first!, name: 'system' }, ...others] }))).toBe(true)
    expect(areSourcesChanged(job, changed({ name: 'x' }))).toBe(false)
  })

  it('counts as changed while its schedule cannot be read, so that leaving it is no surprise', () => {
    const schedule = { ...draft.schedule, preset: 'custom' as const, text: 'dai' }
    expect(isChanged(job, changed({ schedule }))).toBe(true)
    expect(mistakesIn(changed({ schedule }))).toEqual(['schedule'])
  })

  it('cannot be saved with what the helper would refuse', () => {
    const [first] = draft.sources
    const quiet = (from: string, to: string) =>
      changed({ conditions: { ...draft.conditions, quietHours: [{ from, to }] } })
    expect(mistakesIn(changed({ name: ' ' }))).toEqual(['name'])
    expect(mistakesIn(changed({ sources: [] }))).toEqual(['noSource'])
    expect(mistakesIn(changed({ sources: [first!, first!] }))).toEqual(['sourceName'])
    expect(mistakesIn(changed({ sources: [{ ...first!, name: 'Größe' }] }))).toEqual(['sourceName'])
    expect(mistakesIn(changed({ destinations: [] }))).toEqual(['noDestination'])
    expect(mistakesIn(quiet('08:00', '08:00'))).toEqual(['quietHours'])
    expect(mistakesIn(quiet('', '08:00'))).toEqual(['quietHours'])
    expect(
      mistakesIn(
        changed({
          labels: [
            ['a', '1'],
            ['a', '2'],
          ],
        }),
      ),
    ).toEqual(['labels'])
  })

  it('is paused until the beginning of tomorrow, or for as long as was said', () => {
    const now = new Date(2026, 10, 26, 15, 30).getTime()
    expect(new Date(pauseUntil('day', now)).getTime()).toBe(new Date(2026, 10, 27).getTime())
    expect(Date.parse(pauseUntil('hour', now)) - now).toBe(3_600_000)
    expect(pauseUntil('forever', now)).toBe('forever')
  })
})

describe('notifications that are edited', () => {
  const none = { email: null, webhook: null }

  it('take addresses with commas, semicolons or spaces between them', () => {
    expect(addressesIn(' a@x.org, b@x.org;c@x.org\n')).toEqual(['a@x.org', 'b@x.org', 'c@x.org'])
  })

  it('are ready when what is switched on is complete', () => {
    const empty = draftOfNotices(none)
    expect(isNoticesReady(empty)).toBe(true)
    expect(isNoticesReady({ ...empty, hasEmail: true })).toBe(false)
    expect(isNoticesReady({ ...empty, hasEmail: true, host: 'mail', from: 'a@x.org', to: 'b@x.org' })).toBe(true)
    expect(isNoticesReady({ ...empty, hasWebhook: true, url: 'ftp://x' })).toBe(false)
  })

  it('begin with all that is stored but the secrets, so that a change of one thing keeps the others', () => {
    const email = {
      host: 'mail',
      port: 25,
      tls: 'starttls',
      user: 'anna',
      from: 'a@x.org',
      to: ['b@x.org'],
      trustedCertificates: '-----BEGIN CERTIFICATE-----',
    } as const
    const draft = draftOfNotices({ ...none, email: { ...email, to: [...email.to] } })
    expect(noticesOf({ ...draft, port: 26 })).toEqual({ email: { ...email, port: 26 }, webhook: null })
  })

  it('send no password that was not entered, so that the one that is stored stays', () => {
    const kept = draftOfNotices({
      ...none,
      email: { host: 'mail', port: 25, tls: 'none', from: 'a@x.org', to: ['b@x.org'] },
    })
    expect(noticesOf(kept)).toEqual({
      email: { host: 'mail', port: 25, tls: 'none', from: 'a@x.org', to: ['b@x.org'] },
      webhook: null,
    })
    expect(noticesOf({ ...kept, password: 'secret' })).toMatchObject({ emailPassword: 'secret' })
    expect(noticesOf({ ...kept, hasEmail: false, password: 'secret' })).toEqual(none)
  })
})
