import type { HealthAnswer } from '../../../../engine/contract/health.ts'
import { GB } from '../devices.ts'
import type { FakeWorld } from '../world.ts'
import type { FakeCalls } from './types.ts'

/** Checks, making room, and the state of health. */
export function upkeepCalls(world: FakeWorld) {
  const startUpkeep = (reference: string, kind: 'scrub' | 'prune', depth: 'light' | 'deep' = 'light') => {
    const place = world.place(reference)
    const totalBytes = place.usages.at(-1)?.storedBytes ?? 40 * GB
    const phase = kind === 'scrub' ? 'scrubbing' : 'pruning'
    const run = world.begin({ kind, job: null, place, trigger: 'manual', totalBytes, phase }, ended => {
      ended.outcome =
        kind === 'scrub'
          ? { kind, depth, checkedBytes: totalBytes, damaged: [], damagedCount: 0 }
          : { kind, freedBytes: 3 * GB, waitingFor: [] }
    })
    return { run: run.id }
  }

  return {
    'scrubs.start': ({ destination, depth }) => startUpkeep(destination, 'scrub', depth),
    'prunes.start': ({ destination }) => startUpkeep(destination, 'prune'),
    'health.get': () => ({ answers: healthOf(world) }),
    'support.bundle': () => ({ text: JSON.stringify({ program: '0.1.0', jobs: world.jobs.size }) }),
  } satisfies Partial<FakeCalls>
}

function healthOf(world: FakeWorld): HealthAnswer[] {
  const jobs = world.jobViews()
  const places = [...world.places.values()]
  const overdue = jobs.filter(({ standings }) => standings.some(({ overdueSince }) => overdueSince !== null))
  const damaged = places.filter(({ destination }) => world.summaryOf(destination.id).damaged > 0)
  const unsaved = places.filter(({ sheetSavedAt }) => sheetSavedAt === null)
  const restored = world.runs.find(run => run.kind === 'restore' && run.state === 'complete')
  const scrubbed = world.runs.find(run => run.kind === 'scrub' && run.state === 'complete')
  const idsOf = (list: typeof places) => list.map(({ destination }) => destination.id)
  if (jobs.length === 0) {
    const questions = [
      'recentBackup',
      'twoPlaces',
      'offSite',
      'sameEverywhere',
      'verified',
      'undamaged',
      'recoverySheet',
      'restoreTested',
    ] as const
    return questions.map(question => ({ question, answer: 'unknown', at: null, jobs: [], destinations: [] }))
  }
  const newest =
    jobs
      .flatMap(({ standings }) => standings.flatMap(one => one.lastSuccessAt ?? []))
      .toSorted()
      .at(-1) ?? null
  return [
    {
      question: 'recentBackup',
      answer: overdue.length > 0 ? 'bad' : 'good',
      at: newest,
      jobs: overdue.map(({ job }) => job.id),
      destinations: [],
    },
    {
      question: 'twoPlaces',
      answer: places.length > 1 ? 'good' : 'open',
      at: null,
      jobs: places.length > 1 ? [] : jobs.map(({ job }) => job.id),
      destinations: [],
    },
    { question: 'offSite', answer: places.length > 1 ? 'good' : 'open', at: null, jobs: [], destinations: [] },
    {
      question: 'sameEverywhere',
      answer: jobs.some(({ job }) => job.destinations.length > 1) ? 'good' : 'unknown',
      at: null,
      jobs: [],
      destinations: [],
    },
    {
      question: 'verified',
      answer: scrubbed ? 'good' : 'open',
      at: scrubbed?.finishedAt ?? null,
      jobs: [],
      destinations: scrubbed ? [] : idsOf(places),
    },
    {
      question: 'undamaged',
      answer: damaged.length > 0 ? 'bad' : 'good',
      at: null,
      jobs: [],
      destinations: idsOf(damaged),
    },
    {
      question: 'recoverySheet',
      answer: unsaved.length > 0 ? 'open' : 'good',
      at: null,
      jobs: [],
      destinations: idsOf(unsaved),
    },
    {
      question: 'restoreTested',
      answer: restored ? 'good' : 'open',
      at: restored?.finishedAt ?? null,
      jobs: [],
      destinations: [],
    },
  ]
}
