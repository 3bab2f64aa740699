import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../../engine/contract/helperContract.ts'
import type { HookMoment, Job } from '../../../../engine/contract/jobs.ts'
import type { CallOutput } from '../../../../engine/contract/rpcContract.ts'
import { days } from '../manualClock.ts'
import type { FakeWorld } from '../world.ts'
import type { FakeCalls } from './types.ts'

/** How jobs and their runs are asked for and changed. */
export function jobsCalls(world: FakeWorld) {
  const { clock } = world
  const sourcesOf = (choices: readonly { source: string; name: string }[]): Job['sources'] =>
    choices.map(({ source, name }) => {
      const file = world.files.get(source)
      if (file) return { path: file.path, device: null, name }
      return { path: world.device(source).path, device: source, name }
    })

  const setJob = (job: Job, changes: Partial<Job>): { job: Job } => {
    const changed = { ...job, ...changes, updatedAt: clock.iso() }
    world.jobs.set(job.id, changed)
    world.tellJob(job.id)
    return { job: changed }
  }

  return {
    'status.get': () => ({
      program: '0.1.0',
      host: 'laptop-anna',
      startedAt: clock.iso(-days(2)),
      mode: 'system',
      secretsLocked: world.secretsLocked,
    }),
    'jobs.list': () => ({ jobs: world.jobViews() }),
    'jobs.create': ({ settings }) => ({ job: world.addJob({ ...settings, sources: sourcesOf(settings.sources) }) }),
    'jobs.edit': ({ job, changes }) => {
      const { sources, ...others } = changes
      const given = Object.fromEntries(
        Object.entries(others).filter(([, value]) => value !== undefined),
      ) as Partial<Job>
      return setJob(world.job(job), { ...given, ...(sources ? { sources: sourcesOf(sources) } : {}) })
    },
    'jobs.remove': ({ job }) => {
      const { id } = world.job(job)
      world.jobs.delete(id)
      world.tellJob(id)
      return {}
    },
    'jobs.run': ({ job, destinations }) => {
      world.runJob(
        world.job(job),
        destinations?.map(one => world.place(one).destination.id),
      )
      return {}
    },
    'jobs.preview': ({ job: reference }) => previewOf(world, world.job(reference)),
    'jobs.pause': ({ job, until }) => setJob(world.job(job), { pausedUntil: until }),
    'jobs.resume': ({ job }) => setJob(world.job(job), { pausedUntil: null }),
    'jobs.export': () => ({ text: JSON.stringify([...world.jobs.values()], null, 2) }),
    'jobs.import': () => ({
      added: [],
      replaced: [],
      kept: [...world.jobs.values()].map(({ name }) => name),
      destinationsAdded: [],
    }),
    'runs.list': ({ job, limit, before }) => ({
      runs: world.runs
        .filter(
          run =>
            (job === undefined || run.job === world.job(job).id) && (before === undefined || run.startedAt < before),
        )
        .slice(0, limit),
    }),
    'runs.get': ({ run: id }) => {
      const run = world.runs.find(one => one.id === id)
      if (!run) throw new HoldfastError('config.notFound', 'There is no such run.')
      return {
        run,
        log: [
          { at: run.startedAt, level: 'info', text: `Run began (${run.trigger}).` },
          ...run.warnings.map(text => ({ at: run.startedAt, level: 'warn' as const, text })),
          ...(run.error
            ? [{ at: run.finishedAt ?? run.startedAt, level: 'error' as const, text: run.error.message }]
            : []),
        ],
      }
    },
    'runs.pause': ({ run }) => {
      world.hold(run, true)
      return {}
    },
    'runs.resume': ({ run }) => {
      world.hold(run, false)
      return {}
    },
    'runs.cancel': ({ run }) => {
      world.end(run, 'cancelled')
      return {}
    },
  } satisfies Partial<FakeCalls>
}

function previewOf(world: FakeWorld, job: Job): CallOutput<HelperContract, 'jobs.preview'> {
  return {
    job: job.id,
    jobName: job.name,
    sources: job.sources.map(source => ({
      source: source.name,
      path: source.path,
      present: true,
      sizeBytes: world.sizeOfSource(source),
      method: 'hints',
      error: null,
    })),
    hooks: Object.entries(job.hooks).map(([moment, hook]) => ({ moment: moment as HookMoment, hook, problem: null })),
    destinations: job.destinations.map(id => {
      const { destination, state } = world.place(id)
      const isHere = state.state === 'connected'
      return {
        destination: id,
        destinationName: destination.name,
        state,
        text: isHere ? 'It can be stored to.' : 'It is not connected.',
        wouldMount: state.state === 'present-unmounted',
        error: null,
        sources: isHere
          ? job.sources.map(({ name }) => {
              const all = world.versionsOf(id).filter(version => version.name === name)
              const [newest] = all
              const oldest = all.at(-1)
              return {
                source: name,
                newest: newest ? { id: newest.id, date: newest.date, status: newest.status } : null,
                removes:
                  oldest && oldest !== newest
                    ? [
                        {
                          version: oldest.id,
                          date: oldest.date,
                          reason: { kind: 'too-old', text: 'removed: too old', notes: [] },
                        },
                      ]
                    : [],
                error: null,
              }
            })
          : [],
        prune: isHere,
        scrubPercent: isHere ? 3 : null,
      }
    }),
  }
}
