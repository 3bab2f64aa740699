import { expect, test } from 'vitest'
import { dayMs } from '../../../engine/base/localTime.ts'
import { type HealthQuestion, healthQuestions } from '../../../engine/contract/health.ts'
import type { JobView } from '../../../engine/contract/helperContract.ts'
import { type DestinationFacts, type HealthFacts, healthAnswers } from '../../../engine/helper/healthAnswers.ts'
import { makeJob } from '../../support/jobs.ts'

const now = Date.parse('2026-06-01T12:00:00.000Z')
const ago = (days: number) => now - days * dayMs
const iso = (at: number) => new Date(at).toISOString()
const [drive, nas, disk] = ['00000000000000d1', '00000000000000d2', '00000000000000d3']
const jobId = '00000000000000aa'

type Standing = Partial<JobView['standings'][number]> & { destination: string }

/** A job that stored something yesterday, wherever nothing else is said. */
const job = (id: string, ...standings: Standing[]): JobView => ({
  job: makeJob({ id, destinations: standings.map(({ destination }) => destination) }),
  standings: standings.map(standing => ({
    destinationName: 'x',
    state: 'waitingForTime',
    reason: 'schedule',
    text: '',
    nextAt: null,
    run: null,
    lastRun: null,
    lastSuccessAt: iso(ago(1)),
    overdueSince: null,
    ...standing,
  })) as JobView['standings'],
})

const destination = (
  id: string,
  facts: Partial<DestinationFacts> & { damaged?: number; versions?: number; oldest?: number } = {},
): DestinationFacts => {
  const { damaged = 0, versions = 3, oldest = 90, ...rest } = facts
  const dated =
    versions > 0 ? { oldestAt: iso(ago(oldest)), newestAt: iso(ago(1)) } : { oldestAt: null, newestAt: null }
  return {
    destination: { id },
    library: { destination: id, versions, damaged, ...dated, refreshedAt: iso(ago(1)) },
    isNetwork: false,
    awayAt: null,
    scrubbedAllAt: null,
    sheetSavedAt: null,
    ...rest,
  }
}

const facts = (some: Partial<HealthFacts>): HealthFacts => ({
  jobs: [],
  destinations: [],
  lacking: [],
  restoreTestedAt: null,
  now,
  ...some,
})
const late = iso(ago(2))

const cases: [string, HealthQuestion, Partial<HealthFacts>, object][] = [
  ['no job', 'recentBackup', {}, { answer: 'unknown', at: null }],
  [
    'all young',
    'recentBackup',
    { jobs: [job(jobId, { destination: drive }, { destination: nas, lastSuccessAt: iso(ago(3)) })] },
    { answer: 'good', at: iso(ago(3)), jobs: [], destinations: [] },
  ],
  [
    'one overdue',
    'recentBackup',
    { jobs: [job(jobId, { destination: drive }, { destination: nas, overdueSince: late })] },
    { answer: 'bad', jobs: [jobId], destinations: [nas] },
  ],
  [
    'one that never ran',
    'recentBackup',
    { jobs: [job(jobId, { destination: drive, lastSuccessAt: null })] },
    { answer: 'open', at: null, destinations: [drive] },
  ],

  ['one place', 'twoPlaces', { jobs: [job(jobId, { destination: drive })] }, { answer: 'open', jobs: [jobId] }],
  [
    'two places',
    'twoPlaces',
    { jobs: [job(jobId, { destination: drive, lastSuccessAt: iso(ago(9)) }, { destination: nas })] },
    { answer: 'good', at: iso(ago(9)) },
  ],
  [
    'a second place that is still empty',
    'twoPlaces',
    { jobs: [job(jobId, { destination: drive }, { destination: nas, lastSuccessAt: null })] },
    { answer: 'open' },
  ],
  ['nothing to store', 'twoPlaces', {}, { answer: 'unknown' }],

  [
    'a drive that never leaves',
    'offSite',
    { jobs: [job(jobId, { destination: drive })], destinations: [destination(drive)] },
    { answer: 'open', jobs: [jobId] },
  ],
  [
    'a drive that was away last week',
    'offSite',
    { jobs: [job(jobId, { destination: drive })], destinations: [destination(drive, { awayAt: ago(7) })] },
    { answer: 'good', at: iso(ago(1)) },
  ],
  [
    'a drive that was away long ago',
    'offSite',
    { jobs: [job(jobId, { destination: drive })], destinations: [destination(drive, { awayAt: ago(31) })] },
    { answer: 'open' },
  ],
  [
    'a network path',
    'offSite',
    { jobs: [job(jobId, { destination: nas })], destinations: [destination(nas, { isNetwork: true })] },
    { answer: 'good' },
  ],
  [
    'a network path without anything in it',
    'offSite',
    {
      jobs: [job(jobId, { destination: nas, lastSuccessAt: null })],
      destinations: [destination(nas, { isNetwork: true })],
    },
    { answer: 'open' },
  ],
  [
    'one of two jobs elsewhere',
    'offSite',
    {
      jobs: [job(jobId, { destination: disk }), job('00000000000000ab', { destination: nas })],
      destinations: [destination(disk), destination(nas, { isNetwork: true })],
    },
    { answer: 'open', jobs: [jobId] },
  ],

  ['one place', 'sameEverywhere', { jobs: [job(jobId, { destination: drive })] }, { answer: 'unknown', at: null }],
  [
    'two places that have the same',
    'sameEverywhere',
    { jobs: [job(jobId, { destination: drive }, { destination: nas })] },
    { answer: 'good', at: null, jobs: [], destinations: [] },
  ],
  [
    'a place that lacks what is some days old',
    'sameEverywhere',
    {
      jobs: [job(jobId, { destination: drive }, { destination: nas })],
      lacking: [{ job: jobId, destination: drive, oldestAt: iso(ago(6)) }],
    },
    { answer: 'good', at: null, destinations: [] },
  ],
  [
    'a place that lacks something for long, and one for some days',
    'sameEverywhere',
    {
      jobs: [job(jobId, { destination: drive }, { destination: nas }, { destination: disk })],
      lacking: [
        { job: jobId, destination: nas, oldestAt: iso(ago(2)) },
        { job: jobId, destination: drive, oldestAt: iso(ago(7)) },
      ],
    },
    { answer: 'open', at: iso(ago(7)), jobs: [jobId], destinations: [drive] },
  ],

  [
    'never checked',
    'verified',
    { destinations: [destination(drive)] },
    { answer: 'open', at: null, destinations: [drive] },
  ],
  [
    'never checked, and all of it young',
    'verified',
    { destinations: [destination(drive, { oldest: 5 })] },
    { answer: 'good', at: null },
  ],
  [
    'checked last week',
    'verified',
    { destinations: [destination(drive, { scrubbedAllAt: ago(7) })] },
    { answer: 'good', at: iso(ago(7)) },
  ],
  [
    'checked long ago',
    'verified',
    { destinations: [destination(drive, { scrubbedAllAt: ago(31) }), destination(nas, { scrubbedAllAt: ago(1) })] },
    { answer: 'open', at: iso(ago(31)), destinations: [drive] },
  ],
  ['nothing stored', 'verified', { destinations: [destination(drive, { versions: 0 })] }, { answer: 'unknown' }],

  ['no damage', 'undamaged', { destinations: [destination(drive)] }, { answer: 'good', at: iso(ago(1)) }],
  [
    'damage',
    'undamaged',
    { destinations: [destination(drive), destination(nas, { damaged: 1 })] },
    { answer: 'bad', destinations: [nas] },
  ],
  ['nothing stored', 'undamaged', {}, { answer: 'unknown' }],

  [
    'one sheet missing',
    'recoverySheet',
    { destinations: [destination(drive, { sheetSavedAt: ago(400) }), destination(nas)] },
    { answer: 'open', at: null, destinations: [nas] },
  ],
  [
    'all sheets saved',
    'recoverySheet',
    { destinations: [destination(drive, { sheetSavedAt: ago(400) })] },
    { answer: 'good', at: iso(ago(400)) },
  ],
  ['no destination', 'recoverySheet', {}, { answer: 'unknown' }],

  ['never restored', 'restoreTested', { destinations: [destination(drive)] }, { answer: 'open', at: null }],
  [
    'restored in spring',
    'restoreTested',
    { destinations: [destination(drive)], restoreTestedAt: ago(60) },
    { answer: 'good', at: iso(ago(60)) },
  ],
  [
    'restored last year',
    'restoreTested',
    { destinations: [destination(drive)], restoreTestedAt: ago(200) },
    { answer: 'open', at: iso(ago(200)) },
  ],
  ['nothing to restore', 'restoreTested', {}, { answer: 'unknown' }],
]

test.each(cases)('with %s, %s is answered', (_words, question, some, expected) => {
  const answers = healthAnswers(facts(some))
  expect(answers.map(answer => answer.question)).toEqual(healthQuestions)
  expect(answers.find(answer => answer.question === question)).toMatchObject(expected)
})
