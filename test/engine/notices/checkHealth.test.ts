import { describe, expect, it } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../../engine/base/localTime.ts'
import { type CheckStatus, checkHealth, checkResultSchema } from '../../../engine/notices/checkHealth.ts'
import type { HelperState, JobHealth } from '../../../engine/notices/health.ts'
import { maxPluginBytes, nagiosText } from '../../../engine/notices/nagios.ts'
import { jobHealth, noon, unreachable } from '../../support/jobHealth.ts'

const state = (...jobs: JobHealth[]): HelperState => ({ writtenAt: noon - minuteMs, jobs })
const check = (...jobs: JobHealth[]) => checkHealth(state(...jobs), noon)
const overdue = { since: noon - dayMs }
const damaged = { since: noon - dayMs, repository: 'Cloud', versions: 2, blocks: 5 }
const waitingFor = { drive: 'Samsung T7', since: noon - dayMs, lastSeen: null }
const hookFailures = [{ hook: 'thaw', moment: 'after-snapshot', at: noon, reason: 'exit code 1' }]

describe('the status of a job', () => {
  it.each<[string, Partial<JobHealth>, CheckStatus, string[]]>([
    ['in order', {}, 'ok', []],
    ['new', { state: 'new', lastSuccess: null }, 'ok', []],
    ['running', { running: { run: 'r', since: noon } }, 'ok', ['running']],
    ['waiting for a drive', { waitingFor }, 'ok', ['waiting for the drive “Samsung T7”']],
    [
      'failed, backup recent',
      { state: 'failed', failure: unreachable },
      'warning',
      ['3 failed runs for 1 hour: The bucket could not be reached.'],
    ],
    ['failed, cause unknown', { state: 'failed' }, 'warning', ['the last run failed']],
    ['paused', { state: 'paused' }, 'warning', ['paused']],
    ['hook failed', { hookFailures }, 'warning', ['hook thaw (after-snapshot) failed: exit code 1']],
    [
      'other problem',
      { problems: ['The recovery sheet was never saved.'] },
      'warning',
      ['The recovery sheet was never saved.'],
    ],
    ['overdue', { overdue }, 'critical', ['overdue for 1 day']],
    ['overdue before its first run', { state: 'new', lastSuccess: null, overdue }, 'critical', ['overdue for 1 day']],
    ['damaged', { damaged }, 'critical', ['2 damaged versions in the repository “Cloud”']],
    [
      'everything at once',
      { state: 'paused', overdue, damaged, waitingFor, problems: ['Odd.'] },
      'critical',
      [
        'overdue for 1 day',
        '2 damaged versions in the repository “Cloud”',
        'paused',
        'Odd.',
        'waiting for the drive “Samsung T7”',
      ],
    ],
  ])('%s', (_, change, status, findings) => {
    const result = check(jobHealth('Home', change))
    expect(result.jobs).toMatchObject([{ status, findings }])
    expect(result.status).toBe(status)
  })
})

describe('the status of all', () => {
  const good = jobHealth('Good')
  const bad = jobHealth('Bad', { overdue })
  const odd = jobHealth('Odd', { problems: ['Odd.'] })

  it.each<[string, HelperState | undefined, CheckStatus, string]>([
    ['all good', state(good, jobHealth('More')), 'ok', '2 jobs, all in order'],
    ['one', state(good), 'ok', '1 job, all in order'],
    ['worst of several', state(good, bad, odd), 'critical', '3 jobs: 1 overdue, 1 to be looked at'],
    ['a warning', state(good, odd), 'warning', '2 jobs: 1 to be looked at'],
    ['damage', state(jobHealth('Home', { damaged, overdue })), 'critical', '1 job: 1 overdue, 1 with damage'],
    ['no jobs', state(), 'warning', 'no jobs are set up, so nothing is backed up'],
    ['no state', undefined, 'unknown', 'The helper has left no state; is it running?'],
    [
      'old state',
      { writtenAt: noon - 5 * minuteMs - 1, jobs: [good] },
      'unknown',
      'The helper last wrote its state 5 minutes ago; is it running?',
    ],
    [
      'old state of bad jobs',
      { writtenAt: noon - dayMs, jobs: [bad] },
      'unknown',
      'The helper last wrote its state 1 day ago; is it running?',
    ],
    [
      'state of the future',
      { writtenAt: noon + hourMs, jobs: [good] },
      'unknown',
      'The helper last wrote its state 1 hour from now, so a clock is wrong; is it running?',
    ],
    ['state of exactly 5 minutes', { writtenAt: noon - 5 * minuteMs, jobs: [good] }, 'ok', '1 job, all in order'],
    ['state of just now by another clock', { writtenAt: noon + 1000, jobs: [good] }, 'ok', '1 job, all in order'],
  ])('%s', (_, helperState, status, summary) => {
    const result = checkHealth(helperState, noon)
    expect(result).toMatchObject({
      status,
      summary,
      exitCode: ['ok', 'warning', 'critical', 'unknown'].indexOf(status),
    })
    expect(checkResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
  })

  it('as JSON has times in ISO 8601 and ages in seconds', () => {
    expect(check(jobHealth('Home', { waitingFor, damaged }))).toEqual({
      status: 'critical',
      exitCode: 2,
      summary: '1 job: 1 with damage',
      stateAt: '2030-01-02T11:59:00.000Z',
      jobs: [
        {
          id: 'id-Home',
          name: 'Home',
          status: 'critical',
          state: 'ok',
          lastSuccess: '2030-01-02T10:00:00.000Z',
          ageSeconds: 7200,
          overdue: false,
          running: false,
          waitingFor: 'Samsung T7',
          damagedVersions: 2,
          findings: ['2 damaged versions in the repository “Cloud”', 'waiting for the drive “Samsung T7”'],
        },
      ],
    })
  })

  it('gives no negative age when the clock was set back', () => {
    expect(check(jobHealth('Home', { lastSuccess: noon + hourMs })).jobs[0]!.ageSeconds).toBe(0)
  })
})

describe('the text for monitors', () => {
  it('has a summary with figures first and then the jobs, the worst first', () => {
    const jobs = [
      jobHealth('Good'),
      jobHealth('Odd', { problems: ['Odd.'] }),
      jobHealth('New', { state: 'new', lastSuccess: null }),
      jobHealth('Bad', { overdue, lastSuccess: noon - 9 * dayMs }),
    ]
    expect(nagiosText(check(...jobs))).toEqual({
      exitCode: 2,
      text: [
        "HOLDFAST CRITICAL: 4 jobs: 1 overdue, 1 to be looked at | jobs=4;;;0 overdue=1;;0;0 damaged=0;;0;0 warnings=1;0;;0 waiting=0;;;0 running=0;;;0 'age Good'=7200s;;;0 'age Odd'=7200s;;;0 'age Bad'=777600s;;;0",
        '[CRITICAL] Bad: last backup 9 days ago; overdue for 1 day',
        '[WARNING] Odd: last backup 2 hours ago; Odd.',
        '[OK] Good: last backup 2 hours ago',
        '[OK] New: no backup yet',
        '',
      ].join('\n'),
    })
  })

  it('is UNKNOWN with exit code 3 without a state', () => {
    expect(nagiosText(checkHealth(undefined, noon))).toEqual({
      exitCode: 3,
      text: 'HOLDFAST UNKNOWN: The helper has left no state; is it running? | jobs=0;;;0 overdue=0;;0;0 damaged=0;;0;0 warnings=0;0;;0 waiting=0;;;0 running=0;;;0\n',
    })
  })

  it('takes no figures, lines or colours from a name', () => {
    const nasty = "x | 'y'=1\nOK: all fine\u001b[2J"
    const { text } = nagiosText(check(jobHealth(nasty, { problems: [nasty] }), jobHealth('x / _y__1 OK: all fine?[2J')))
    const [first = '', ...rest] = text.trimEnd().split('\n')
    expect(rest).toHaveLength(2)
    expect(text.split('|')).toHaveLength(2)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    const figures = first.slice(first.indexOf('|') + 2)
    const labels = [...figures.matchAll(/(?:'([^'=]+)'|([a-z]+))=\d+s?;\d*;\d*;\d*(?: |$)/g)].map(
      ([, long, short]) => long ?? short,
    )
    expect(labels).toHaveLength(8)
    expect(new Set(labels).size).toBe(8)
  })

  it('fits into what monitors take, and says what is left out', () => {
    const jobs = Array.from({ length: 500 }, (_, index) =>
      jobHealth(`Job ${index} ${'ü'.repeat(100)}`, { problems: ['x'.repeat(300)] }),
    )
    jobs.push(jobHealth('Bad', { overdue }))
    const { text } = nagiosText(check(...jobs))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxPluginBytes)
    const lines = text.trimEnd().split('\n')
    expect(lines[1]).toMatch(/^\[CRITICAL\] Bad/)
    expect(lines.at(-1)).toBe(`and ${501 - (lines.length - 2)} more`)
  })
})
