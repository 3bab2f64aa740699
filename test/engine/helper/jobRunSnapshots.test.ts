import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { cancelled, HoldfastError } from '../../../engine/contract/errors.ts'
import type { Destination, HookMoment, Job, Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Engine, Secret } from '../../../engine/engineApi.ts'
import { type JobRunDeps, newRun, runJob } from '../../../engine/helper/jobRun.ts'
import { VolumeLocks } from '../../../engine/tracking/volumeLocks.ts'
import { type FakeVolume, FakeVolumes } from '../../support/fakeVolumes.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { randomImage } from '../../support/mixedImage.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const secret: Secret = { kind: 'keyfile', content: Buffer.alloc(64, 3) }
let volumes: FakeVolumes
let root: FakeVolume
let home: FakeVolume
let engine: Engine
let destination: Destination
/** Hooks and snapshots, in their order. */
let happened: string[]
const device = 'd'.repeat(32)

beforeEach(async () => {
  const devices = join(folder.path, 'devices')
  await mkdir(devices)
  volumes = new FakeVolumes(devices)
  root = volumes.add('/dev/group/root', 'lvm-thin', randomImage(200_704, 'root'))
  home = volumes.add('/dev/group/home', 'lvm-classic', randomImage(200_704, 'home'))
  const locks = new VolumeLocks({ folder: join(folder.path, 'locks'), patienceMs: 500 })
  engine = createEngine({ stateDir: join(folder.path, 'state'), volumes: { driver: volumes, locks } })
  const url = join(folder.path, 'repository')
  const { repositoryId } = await engine.init(url, secret)
  destination = makeDestination({ name: 'one', url, repositoryId })
  happened = []
})

function job(over: Parameters<typeof makeJob>[0] = {}): Job {
  return makeJob({
    sources: [
      { path: root.path, device, name: 'root' },
      { path: home.path, device, name: 'home' },
    ],
    destinations: [destination.id],
    hooks: { 'before-snapshot': 'quiet', 'after-snapshot': 'loud' },
    upkeep: { verifyPercent: 0 },
    ...over,
  })
}

async function run(wanted: Job, over: Partial<JobRunDeps> = {}): Promise<Run> {
  const record = newRun(wanted, destination, 'manual', Date.now())
  volumes.meanwhile = () => {
    if (['createSnapshot', 'activate'].includes(volumes.calls.at(-1)!)) happened.push(volumes.calls.at(-1)!)
  }
  const deps: JobRunDeps = {
    engine,
    clock: systemClock,
    host: 'here',
    sourcePath: source => source.path,
    connector: { connect: async () => ({ url: destination.url, secret, release: async () => [] }) },
    upkeep: () => ({ prune: false, scrubPercent: undefined }),
    upkeepDone: () => undefined,
    hook: async (moment: HookMoment) => {
      happened.push(moment)
      return []
    },
    ended: async () => undefined,
    changed: () => undefined,
    progress: () => undefined,
    log: () => undefined,
    ...over,
  }
  await runJob(wanted, destination, record, deps, new AbortController().signal)
  volumes.meanwhile = () => undefined
  return record
}

async function versions() {
  const session = await engine.open(destination.url, secret)
  try {
    return await Promise.all((await session.versions()).map(({ id }) => session.show(id)))
  } finally {
    await session.close()
  }
}

describe('a run of a job with volumes', () => {
  it('takes all snapshots between its hooks, before anything is read, and its versions are one set', async () => {
    expect(await run(job())).toMatchObject({ state: 'complete', warnings: [] })
    expect(happened).toEqual([
      'before-snapshot',
      'createSnapshot',
      'createSnapshot',
      'after-snapshot',
      'activate',
      'activate',
    ])
    const made = await versions()
    expect(made).toHaveLength(2)
    expect(made[0]!.set).toEqual({ id: expect.stringMatching(/^[0-9a-f]{16}$/), gapMs: expect.any(Number) })
    expect(made[1]!.set).toEqual(made[0]!.set)
    const apart = Math.abs(Date.parse(made[0]!.date) - Date.parse(made[1]!.date))
    expect(apart).toBeLessThanOrEqual(made[0]!.set!.gapMs + 1)
  })

  it('says that it holds a snapshot for as long as it reads one', async () => {
    const told: string[] = []
    const changed = ({ parts, holdsSnapshot }: Run) => {
      const reading = parts.find(({ state }) => state === 'running')
      if (reading) told.push(`${reading.source} ${holdsSnapshot}`)
    }
    expect(await run(job(), { changed })).not.toHaveProperty('holdsSnapshot')
    expect(new Set(told)).toEqual(new Set(['root true', 'home true']))
    told.length = 0
    const file = join(folder.path, 'plain.img')
    await writeFile(file, randomImage(200_704, 'plain'))
    await run(job({ sources: [{ path: file, device: null, name: 'plain' }] }), { changed })
    expect(new Set(told)).toEqual(new Set(['plain undefined']))
  })

  it('reads what changed the next time', async () => {
    await run(job())
    root.write(0, randomImage(4096, 'more'))
    await run(job())
    expect((await versions()).map(({ name, method }) => `${name} ${method}`).sort()).toEqual([
      'home full',
      'home lvm-classic',
      'root allocation',
      'root lvm-thin',
    ])
  })

  it('whose hook before the snapshot fails takes none, and calls the one after it', async () => {
    const hook = async (moment: HookMoment) => {
      happened.push(moment)
      if (moment === 'before-snapshot') throw new HoldfastError('hook.failed', 'The database is busy.')
      return []
    }
    const ended = await run(job(), { hook })
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'hook.failed' } })
    expect(happened).toEqual(['before-snapshot', 'after-snapshot'])
    expect(await versions()).toEqual([])
  })

  it('that is cancelled by its hook after the snapshots leaves none of them', async () => {
    const hook = async (moment: HookMoment) => {
      if (moment === 'after-snapshot') throw cancelled('The hook')
      return []
    }
    const ended = await run(job(), { hook })
    expect(ended.parts.map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
    expect([...root.own, ...home.own]).toEqual([])
  })

  it('loses only the volume that has no room for a snapshot', async () => {
    home.freeChunks = 0
    const ended = await run(job())
    expect(ended.parts.map(({ state, error }) => [state, error?.code])).toEqual([
      ['complete', undefined],
      ['failed', 'source.noRoomForSnapshot'],
    ])
    const [only] = await versions()
    expect(only).toMatchObject({ name: 'root', set: null })
  })

  it('that is cancelled leaves no snapshot of what it did not come to', async () => {
    const cancelling = new AbortController()
    const record = newRun(job(), destination, 'manual', Date.now())
    volumes.meanwhile = () => {
      if (volumes.calls.at(-1) === 'activate') cancelling.abort()
    }
    const deps = {
      engine,
      clock: systemClock,
      host: 'here',
      sourcePath: ({ path }: { path: string }) => path,
      connector: { connect: async () => ({ url: destination.url, secret, release: async () => [] }) },
      upkeep: () => ({ prune: false, scrubPercent: undefined }),
      upkeepDone: () => undefined,
      hook: async () => [],
      ended: async () => undefined,
      changed: () => undefined,
      progress: () => undefined,
      log: () => undefined,
    }
    await runJob(job(), destination, record, deps, cancelling.signal)
    expect(record.state).toBe('cancelled')
    expect([...root.own, ...home.own]).toEqual([])
  })

  it('keeps nothing where that is not wanted', async () => {
    await run(job({ snapshot: { keep: false }, hooks: {} }))
    expect([...root.own, ...home.own]).toEqual([])
  })

  it('that was chosen as a file asks for no volume', async () => {
    const path = join(folder.path, 'disk.img')
    await writeFile(path, randomImage(10_000, 'file'))
    expect(await run(job({ sources: [{ path, name: 'file' }] }))).toMatchObject({ state: 'complete' })
    expect(volumes.calls).toEqual([])
  })
})

describe('a preview', () => {
  it('names the method that a run would use: what changed, once all destinations have a version', async () => {
    const { repositoryId } = destination
    const options = { expect: 'device' as const, repositories: [repositoryId] }
    expect(await engine.previewSource(root.path, options)).toEqual({ sizeBytes: 200_704, method: 'allocation' })
    expect(await engine.previewSource(home.path, options)).toMatchObject({ method: 'full' })
    await run(job())
    const before = [...root.own, ...home.own].map(({ id }) => id)
    expect(await engine.previewSource(root.path, options)).toMatchObject({ method: 'lvm-thin' })
    expect(await engine.previewSource(home.path, options)).toMatchObject({ method: 'lvm-classic' })
    const more = { ...options, repositories: [repositoryId, '0'.repeat(32)] }
    expect(await engine.previewSource(root.path, more)).toMatchObject({ method: 'allocation' })
    expect([...root.own, ...home.own].map(({ id }) => id)).toEqual(before)
  })
})
