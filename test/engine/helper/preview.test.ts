import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { previewText } from '../../../engine/cli/commands/job/preview.ts'
import type { DestinationState } from '../../../engine/contract/drives.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { jobPreviewSchema } from '../../../engine/contract/jobPreview.ts'
import type { Destination, Job } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Engine, Secret } from '../../../engine/engineApi.ts'
import { newRun, runJob } from '../../../engine/helper/jobRun.ts'
import { type PreviewDeps, previewJob } from '../../../engine/helper/preview.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const secret: Secret = { kind: 'keyfile', content: Buffer.alloc(64, 3) }
const never = new AbortController().signal
let engine: Engine
let one: Destination
/** Where destinations are that are not simply connected. */
let states: Map<string, DestinationState>

beforeEach(async () => {
  states = new Map()
  engine = createEngine({ stateDir: join(folder.path, 'state') })
  one = await repository('one')
})

async function repository(name: string): Promise<Destination> {
  const url = join(folder.path, name)
  const { repositoryId } = await engine.init(url, secret)
  return makeDestination({ name, url, repositoryId })
}

async function image(name: string): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, randomBytes(300_000))
  return path
}

const deps = (over: Partial<PreviewDeps> = {}): PreviewDeps => ({
  engine,
  host: hostname(),
  desk: {
    look: async ({ id, url }) => states.get(id) ?? { state: 'connected', path: url, drive: null },
    describe: ({ name }, { state }) => `“${name}” is ${state}.`,
    notConnected: ({ name }) => new HoldfastError('storage.driveNotConnected', `${name} is not connected.`),
    connectionOf: async (_, url) => ({ url, secret, release: async () => [] }),
  },
  sourcePath: source => source.path,
  upkeep: () => ({ prune: true, scrubPercent: 3.66 }),
  hookProblem: async hook => (hook === 'broken' ? 'it is not executable' : null),
  ...over,
})

/** What the helper would send: it goes through the contract. */
const preview = async (job: Job, destinations: readonly Destination[], over: Partial<PreviewDeps> = {}) =>
  jobPreviewSchema.parse(await previewJob(job, destinations, deps(over), never))

async function run(job: Job): Promise<void> {
  const record = newRun(job, one, 'manual', Date.now())
  await runJob(
    job,
    one,
    record,
    {
      ...{ engine, host: hostname(), clock: systemClock, sourcePath: source => source.path },
      connector: { connect: async ({ url }) => ({ url, secret, release: async () => [] }) },
      ...{
        upkeep: () => ({ prune: false, scrubPercent: undefined }),
        upkeepDone: () => undefined,
        ended: async () => undefined,
      },
      ...{ hook: async () => [], changed: () => undefined, progress: () => undefined, log: () => undefined },
    },
    never,
  )
  expect(record.state).toBe('complete')
}

async function contentsOf(path: string): Promise<Map<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(files.sort().map(async file => [file, (await readFile(file)).toString('base64')] as const)),
  )
}

describe('a preview of a run', () => {
  it('names what would be read and how, what is stored already, what retention would remove and what else is due', async () => {
    const sparse = await image('sparse.img')
    await truncate(sparse, 10_000_000)
    const sources = [
      { path: await image('root.img'), name: 'root' },
      { path: sparse, name: 'sparse' },
    ]
    const job = makeJob({ sources, destinations: [one.id], hooks: { 'before-backup': 'stop', 'on-failure': 'broken' } })
    for (let i = 0; i < 3; i++) await run({ ...job, sources: job.sources.slice(0, 1) })
    const before = await contentsOf(one.url)
    const said = await preview({ ...job, retention: 'latest2' }, [one])
    expect(await contentsOf(one.url)).toEqual(before)

    expect(said.sources).toEqual([
      { ...{ source: 'root', path: sources[0]!.path, present: true, error: null }, sizeBytes: 300_000, method: 'full' },
      {
        ...{ source: 'sparse', path: sparse, present: true, error: null },
        sizeBytes: 10_000_000,
        method: 'allocation',
      },
    ])
    expect(said.hooks).toEqual([
      { moment: 'before-backup', hook: 'stop', problem: null },
      { moment: 'on-failure', hook: 'broken', problem: 'it is not executable' },
    ])
    const session = await engine.open(one.url, secret)
    const versions = await session.versions()
    await session.close()
    expect(said.destinations).toMatchObject([
      {
        ...{ destination: one.id, wouldMount: false, error: null, prune: true, scrubPercent: 3.66 },
        state: { state: 'connected' },
        sources: [
          {
            source: 'root',
            newest: { id: versions[2]!.id, date: versions[2]!.date, status: 'complete' },
            removes: [
              {
                version: versions[0]!.id,
                reason: expect.objectContaining({ text: expect.stringContaining('removed') }),
              },
            ],
          },
          { source: 'sparse', newest: null, removes: [], error: null },
        ],
      },
    ])
    const text = previewText(said)
    expect(text).toContain(`root: newest version ${versions[2]!.id}`)
    expect(text).toContain('1 old version would be removed')
    expect(text).toContain('broken (on-failure) cannot be run: it is not executable.')
    expect(text).toContain('Afterwards space would be made, and 3.7 % of what is stored would be checked.')
  })

  it('counts versions of this computer alone', async () => {
    const job = makeJob({ sources: [{ path: await image('root.img'), name: 'root' }], destinations: [one.id] })
    await run(job)
    const { destinations } = await preview({ ...job, retention: 'latest1' }, [one], { host: 'another' })
    expect(destinations[0]?.sources).toEqual([{ source: 'root', newest: null, removes: [], error: null }])
  })

  it('tells what cannot be read, whose old versions would stay, and goes on', async () => {
    const gone = await image('gone.img')
    const job = makeJob({
      sources: [
        { path: gone, name: 'gone' },
        { path: folder.path, name: 'folder' },
        { path: await image('there.img'), name: 'there' },
        { path: '/dev/sdx', device: 'a'.repeat(32), name: 'drive' },
      ],
      destinations: [one.id],
      retention: 'latest1',
    })
    for (let i = 0; i < 2; i++) await run({ ...job, retention: null, sources: job.sources.slice(0, 1) })
    const sourcePath: PreviewDeps['sourcePath'] = ({ path, device }) => {
      if (device === null) return path === gone ? join(folder.path, 'nowhere.img') : path
      throw new HoldfastError('source.notFound', `${path} is not connected.`)
    }
    const said = await preview(job, [one], { sourcePath })
    expect(said.sources.map(({ source, present, error }) => [source, present, error?.code])).toEqual([
      ['gone', false, 'source.notFound'],
      ['folder', true, 'source.unsupported'],
      ['there', true, undefined],
      ['drive', false, 'source.notFound'],
    ])
    expect(said.sources[3]?.path).toBe('/dev/sdx')
    expect(said.destinations[0]?.sources[0]).toMatchObject({ newest: { status: 'complete' }, removes: [] })
    expect(previewText(said)).toContain('/dev/sdx as drive cannot be read: /dev/sdx is not connected.')
  })

  it('opens no destination that is not there, mounts none, and tells each for itself', async () => {
    const [missing, locked, unmounted, other] = ['missing', 'locked', 'unmounted', 'other'].map(name =>
      makeDestination({ name, mayMount: name === 'unmounted' }),
    ) as [Destination, Destination, Destination, Destination]
    states.set(missing.id, { state: 'missing', lastSeenAt: null })
    states.set(locked.id, { state: 'present-unmounted', devices: ['b'.repeat(32)] })
    states.set(unmounted.id, { state: 'present-unmounted', devices: ['c'.repeat(32)] })
    states.set(other.id, { state: 'connected', path: one.url, drive: null })
    const job = makeJob({ sources: [{ path: await image('root.img'), name: 'root' }] })
    const opened: string[] = []
    const watching: Engine = {
      init: (...all) => engine.init(...all),
      overlays: () => engine.overlays(),
      discardOverlay: id => engine.discardOverlay(id),
      tracking: options => engine.tracking(options),
      forgetTracking: of => engine.forgetTracking(of),
      tidyVolumes: () => engine.tidyVolumes(),
      previewSource: (...all) => engine.previewSource(...all),
      lookElsewhere: (...all) => engine.lookElsewhere(...all),
      open: (url, ...rest) => {
        opened.push(url)
        return engine.open(url, ...rest)
      },
    }
    const said = await preview(job, [missing, locked, unmounted, other, one], { engine: watching })
    expect(
      said.destinations.map(({ error, wouldMount, sources }) => [error?.code, wouldMount, sources.length]),
    ).toEqual([
      ['storage.driveNotConnected', false, 0],
      ['storage.driveNotConnected', false, 0],
      [undefined, true, 0],
      ['repository.notFound', false, 0],
      [undefined, false, 1],
    ])
    expect(opened).toEqual([one.url, one.url])
    expect(previewText(said)).toContain('It would be mounted')
  })

  it('tells that a passphrase is not to be had', async () => {
    const { desk } = deps()
    const connectionOf = () => Promise.reject(new HoldfastError('secrets.unavailable', 'It is locked.'))
    const said = await preview(makeJob(), [one], { desk: { ...desk, connectionOf } })
    expect(said.destinations[0]).toMatchObject({ error: { code: 'secrets.unavailable' }, sources: [] })
  })

  it('that is cancelled ends so', async () => {
    const job = makeJob({ sources: [{ path: await image('root.img'), name: 'root' }] })
    await expect(previewJob(job, [one], deps(), AbortSignal.abort())).rejects.toMatchObject({ code: 'run.cancelled' })
  })
})
