import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Destination, Job, Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Secret } from '../../../engine/engineApi.ts'
import { type JobRunDeps, newRun, runJob, stateOf } from '../../../engine/helper/jobRun.ts'
import { versionsOf } from '../../../engine/helper/lookAfter.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const secret: Secret = { kind: 'keyfile', content: Buffer.alloc(64, 3) }
let destinations: Map<string, Destination>
let changes: Run[]
let done: string[]
let released: string[]

async function repository(name: string): Promise<Destination> {
  const path = join(folder.path, name)
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  const { repositoryId } = await engine.init(path, secret)
  const destination = makeDestination({ name, url: path, repositoryId })
  destinations.set(destination.id, destination)
  return destination
}

async function image(name: string, bytes = 300_000): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, randomBytes(bytes))
  return path
}

function deps(over: Partial<JobRunDeps> = {}): JobRunDeps {
  return {
    engine: createEngine({ stateDir: join(folder.path, 'state') }),
    clock: systemClock,
    host: hostname(),
    sourcePath: source => source.path,
    connector: {
      async connect({ name, url }) {
        if (!(await readdir(folder.path)).includes(name)) {
          throw new HoldfastError('storage.driveNotConnected', `The drive ${name} is not connected.`)
        }
        return {
          url,
          secret,
          async release() {
            released.push(name)
            return []
          },
        }
      },
    },
    upkeep: () => ({ prune: true, scrubPercent: 100 }),
    upkeepDone: (id, what) => void done.push(`${destinations.get(id)!.name} ${what}`),
    hook: async () => [],
    ended: async () => undefined,
    changed: run => void changes.push(structuredClone(run)),
    progress: () => undefined,
    log: () => undefined,
    ...over,
  }
}

const versionsIn = async ({ url }: Destination) => {
  const session = await createEngine({ stateDir: join(folder.path, 'state') }).open(url, secret)
  try {
    return await session.versions()
  } finally {
    await session.close()
  }
}

const never = new AbortController().signal

/** To one destination, from beginning to end. */
async function run(job: Job, destination: Destination, over: Partial<JobRunDeps> = {}, signal = never): Promise<Run> {
  const record = newRun(job, destination, 'manual', Date.now())
  await runJob(job, destination, record, deps(over), signal)
  return record
}

beforeEach(() => {
  destinations = new Map()
  changes = []
  done = []
  released = []
})

describe('a run of a job', () => {
  it.skipIf(noLoopDevices)('leaves out what a device has free, unless the job says otherwise', async () => {
    const one = await repository('one')
    const path = await image('disk.img', 16 * 1024 * 1024)
    const loop = attachLoop(path)
    try {
      makeFileSystem(loop.path)
      const sources = [{ path: loop.path, device: 'd'.repeat(32), name: 'disk' }]
      const lines: string[] = []
      const log = (_run: string, _level: string, text: string) => void lines.push(text)
      const read = async (usedBlocksOnly: boolean) =>
        (await run(makeJob({ sources, destinations: [one.id], usedBlocksOnly, whileInUse: true }), one, { log }))
          .parts[0]!.readBytes
      expect(await read(true)).toBeLessThan(12 * 1024 * 1024)
      expect(await read(false)).toBe(16 * 1024 * 1024)
      expect(lines.some(line => line.includes('Free blocks'))).toBe(false)
      await mkdir(join(folder.path, 'mnt'))
      const unmount = mountAt(loop.path, join(folder.path, 'mnt'))
      try {
        expect(await read(true)).toBe(16 * 1024 * 1024)
      } finally {
        unmount()
      }
      expect(lines).toContainEqual(expect.stringMatching(/^Free blocks of disk were read as well: it is in use/))
    } finally {
      loop.detach()
    }
  })

  it('brings every source to the destination, looks after that, and tells each step', async () => {
    const one = await repository('one')
    const sources = [
      { path: await image('root.img'), name: 'root' },
      { path: await image('home.img'), name: 'home:/all' },
    ]
    const job = makeJob({ sources, destinations: [one.id], retention: 'latest1', labels: { kind: 'nightly' } })
    const ended = await run(job, one)
    expect(ended).toMatchObject({ state: 'complete', trigger: 'manual', error: null, phase: null, warnings: [] })
    expect(ended.parts.map(part => [part.source, part.state, part.newBytes])).toEqual([
      ['root', 'complete', 300_000],
      ['home:/all', 'complete', 300_000],
    ])
    const versions = await versionsIn(one)
    expect(versions.map(({ name, labels }) => [name, labels])).toEqual([
      ['home:/all', { kind: 'nightly' }],
      ['root', { kind: 'nightly' }],
    ])
    expect(done).toEqual(['one prune', 'one scrub'])
    expect(released).toEqual(['one'])
    expect(changes[0]).toMatchObject({ state: 'running', parts: [{ state: 'waiting' }, {}] })
    expect(changes.at(-1)).toEqual(ended)
    expect(new Set(changes.map(change => change.phase))).toContain('retention')
  })

  it('never thins out what was just made, though a policy keeps the oldest of a day', async () => {
    const one = await repository('one')
    const source = { path: await image('root.img'), name: 'root' }
    const job = makeJob({ sources: [source], destinations: [one.id], retention: 'days7' })
    const made: (string | null)[] = []
    for (let i = 0; i < 3; i++) made.push((await run(job, one)).parts[0]!.version)
    // The first of the day, and the newest; what came between was thinned out by the next run.
    expect(new Set((await versionsIn(one)).map(version => version.id))).toEqual(new Set([made[0], made[2]]))
  })

  it('thins out by the retention of this computer alone', async () => {
    const one = await repository('one')
    const source = { path: await image('root.img'), name: 'root' }
    const job = makeJob({ sources: [source], destinations: [one.id], retention: 'latest2' })
    for (let i = 0; i < 4; i++) expect((await run(job, one)).state).toBe('complete')
    expect(await versionsIn(one)).toHaveLength(2)
    for (let i = 0; i < 2; i++) await run(job, one, { host: 'another' })
    expect(await versionsIn(one)).toHaveLength(4)
  })

  it('loses only what fails: a source that is not there costs no other', async () => {
    const one = await repository('one')
    const sources = [
      { path: join(folder.path, 'missing.img'), name: 'missing' },
      { path: await image('root.img'), name: 'root' },
    ]
    const ended = await run(makeJob({ sources, destinations: [one.id] }), one)
    expect(ended.state).toBe('incomplete')
    expect(ended.parts.map(part => [part.state, part.error?.code])).toEqual([
      ['failed', 'source.notFound'],
      ['complete', undefined],
    ])
    expect(ended.error).toMatchObject({ code: 'source.notFound' })
    expect((await versionsIn(one)).map(version => version.name)).toEqual(['root'])
  })

  it('stores nothing in another repository that is in the place of its own', async () => {
    const one = await repository('one')
    const other = { ...one, repositoryId: '0'.repeat(32) }
    const job = makeJob({ sources: [{ path: await image('root.img'), name: 'root' }], destinations: [one.id] })
    const ended = await run(job, other)
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'repository.notFound' } })
    expect(await versionsIn(one)).toEqual([])
  })

  it('to a drive that is not there fails, and says so', async () => {
    const gone = makeDestination({ name: 'gone', url: join(folder.path, 'gone') })
    const ended = await run(makeJob({ destinations: [gone.id] }), gone)
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'storage.driveNotConnected' } })
    expect(ended.parts).toMatchObject([{ state: 'failed', error: { code: 'storage.driveNotConnected' } }])
  })

  it('does nothing when the hook before it fails, and calls the one for failures', async () => {
    const one = await repository('one')
    const job = makeJob({
      sources: [{ path: await image('root.img'), name: 'root' }],
      destinations: [one.id],
      hooks: { 'before-backup': 'stop-database', 'after-backup': 'start-database', 'on-failure': 'tell' },
    })
    const called: string[] = []
    const hook: JobRunDeps['hook'] = async moment => {
      called.push(moment)
      if (moment === 'before-backup') throw new HoldfastError('config.invalid', 'The hook failed.')
      return moment === 'on-failure' ? ['It grumbled.'] : []
    }
    const ended = await run(job, one, { hook })
    expect(ended).toMatchObject({ state: 'failed', error: { message: 'The hook failed.' }, warnings: ['It grumbled.'] })
    expect(called).toEqual(['before-backup', 'on-failure'])
    expect(await versionsIn(one)).toEqual([])
    called.length = 0
    const missing = { ...job, sources: [{ path: join(folder.path, 'missing'), device: null, name: 'x' }] }
    const later: JobRunDeps['hook'] = async moment => {
      called.push(moment)
      return []
    }
    expect(await run(missing, one, { hook: later })).toMatchObject({ state: 'failed' })
    expect(called).toEqual(['before-backup', 'after-backup', 'on-failure'])
  })

  it('that is cancelled in the middle ends as cancelled, and the next one goes on', async () => {
    const one = await repository('one')
    const sources = [
      { path: await image('a.img', 30_000_000), name: 'a' },
      { path: await image('b.img'), name: 'b' },
    ]
    const job = makeJob({ sources, destinations: [one.id] })
    const abort = new AbortController()
    const ended = await run(job, one, { progress: () => abort.abort() }, abort.signal)
    expect(ended).toMatchObject({ state: 'cancelled', error: null })
    expect(ended.parts.every(part => part.state === 'cancelled')).toBe(true)
    expect(released).toEqual(['one'])
    expect((await run(job, one)).state).toBe('complete')
  })

  it('that finds damage in what is stored is not complete, although its versions are', async () => {
    const one = await repository('one')
    const job = makeJob({ sources: [{ path: await image('root.img'), name: 'root' }], destinations: [one.id] })
    expect((await run(job, one)).state).toBe('complete')
    const packs = join(one.url, 'packs')
    for (const two of await readdir(packs)) {
      for (const name of await readdir(join(packs, two))) {
        const bytes = await readFile(join(packs, two, name))
        bytes[200]! ^= 1
        await writeFile(join(packs, two, name), bytes)
      }
    }
    await mkdir(join(folder.path, 'later'))
    const ended = await run(job, one)
    expect(ended).toMatchObject({ state: 'incomplete', error: { code: 'integrity.damageFound' } })
    expect(ended.damagedVersions).toBeGreaterThan(0)
    expect(ended.parts[0]).toMatchObject({ state: 'complete' })
    // What the source still has is stored again by now, or by the next run at the latest.
    await run(job, one)
    expect((await run(job, one)).state).toBe('complete')
  })
})

describe('the state of a run', () => {
  const part = (state: Run['parts'][number]['state']) => ({ state }) as Run['parts'][number]
  it.each([
    [['complete', 'complete'], false, 'complete'],
    [['complete', 'failed'], false, 'incomplete'],
    [['failed', 'failed'], false, 'failed'],
    [['incomplete'], false, 'incomplete'],
    [['complete', 'cancelled'], true, 'cancelled'],
    [['complete'], true, 'complete'],
    [['waiting'], false, 'failed'],
  ] as const)('with parts %j is %s', (states, isCancelled, expected) => {
    expect(stateOf({ parts: states.map(part), error: null }, isCancelled)).toBe(expected)
  })
})

it('quotes what stands in a filter', () => {
  expect(versionsOf('a "b" \\c', 'h')).toBe('name == "a \\"b\\" \\\\c" and host == "h"')
})
