import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Destination, Job } from '../../../engine/contract/jobs.ts'
import { JobService } from '../../../engine/helper/jobService.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { makeDestination } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const now = Date.parse('2026-03-01T12:00:00Z')
let stores: ReturnType<typeof openJobStores>
let jobs: typeof stores.jobs
let destinations: typeof stores.destinations
let service: JobService
let drive: Destination

beforeEach(() => {
  stores = openJobStores(folder.path)
  jobs = stores.jobs
  destinations = stores.destinations
  const clock = { now: () => now, monotonic: () => now, sleep: async () => undefined }
  service = new JobService({ jobs, destinations, runs: stores.runs, clock })
  drive = makeDestination()
  destinations.put(drive)
})
afterEach(() => void stores.db.close())

const night = { from: '22:00', to: '06:00' }

const settings = (over: object = {}) => ({
  name: 'Everything',
  sources: [{ path: '/dev/vg0/root', name: 'root' }],
  destinations: [drive.id],
  schedule: null,
  ...over,
})

describe('jobs', () => {
  it('are made with sensible defaults, edited, paused, resumed and removed', () => {
    const job = service.create(settings())
    expect(job).toMatchObject({
      pausedUntil: null,
      retention: null,
      usedBlocksOnly: true,
      conditions: { onBattery: 'wait', metered: 'wait', quietHours: [] },
      upkeep: { pruneEveryDays: 7, scrubWithinDays: 30, verifyPercent: 1 },
      createdAt: '2026-03-01T12:00:00.000Z',
    })
    const edited = service.edit('Everything', { retention: 'days7', name: 'All' })
    expect(edited).toEqual({ ...job, retention: 'days7', name: 'All' })
    expect(service.pause('All', 'forever').pausedUntil).toBe('forever')
    expect(service.pause('All', now + 1000).pausedUntil).toBe('2026-03-01T12:00:01.000Z')
    expect(() => service.pause('All', now)).toThrow('past')
    expect(service.resume('All').pausedUntil).toBeNull()
    expect(jobs.list()).toEqual([edited])
    service.remove(job.id)
    expect(jobs.list()).toEqual([])
    expect(() => service.remove(job.id)).toThrow(expect.objectContaining({ code: 'config.notFound' }))
  })

  it.each([
    [{ sources: [] }, 'sources'],
    [{ name: 'a\u0007b' }, 'name'],
    [{ name: ' a' }, 'name'],
    [{ sources: [{ path: 'relative', name: 'x' }] }, 'sources.0.path'],
    [{ retention: 'days7,nonsense' }, undefined],
    [{ hooks: { 'before-backup': '../evil' } }, 'hooks.before-backup'],
    [{ unknown: 1 }, ''],
    [{ limits: { read: -1 } }, 'limits.read'],
    [{ conditions: { quietHours: [night, { from: '05:00', to: '22:30' }] } }, 'conditions.quietHours'],
    [{ conditions: { quietHours: Array(9).fill(night) } }, 'conditions.quietHours'],
    [{ conditions: { quietHours: night } }, 'conditions.quietHours'],
  ])('are refused with %j', (wrong, path) => {
    const making = () => service.create(settings(wrong))
    expect(making).toThrow(expect.objectContaining({ name: 'HoldfastError' }))
    if (path !== undefined) expect(making).toThrow(expect.objectContaining({ details: { path } }))
    expect(jobs.list()).toEqual([])
  })

  it('have names of their own, and so have sources in one destination', () => {
    service.create(settings())
    expect(() => service.create(settings())).toThrow('“Everything”')
    const other = { name: 'Other', sources: [{ path: '/dev/vg0/home', name: 'root' }] }
    expect(() => service.create(settings(other))).toThrow('/dev/vg0/root')
    const elsewhere = makeDestination({ name: 'elsewhere' })
    destinations.put(elsewhere)
    service.create(settings({ ...other, destinations: [elsewhere.id] }))
    const twice = { name: 'Twice', sources: [1, 2].map(i => ({ path: `/dev/sd${i}`, name: 'same' })) }
    expect(() => service.create(settings(twice))).toThrow('“same”')
  })

  it('need destinations that exist, which then cannot be removed', () => {
    expect(() => service.create(settings({ destinations: ['ffffffffffffffff'] }))).toThrow('destination')
    service.create(settings())
    expect(() => service.removeDestination(drive.id)).toThrow(expect.objectContaining({ code: 'config.inUse' }))
    service.remove('Everything')
    expect(service.removeDestination('drive')).toEqual(drive)
  })
})

describe('destinations', () => {
  it('are one for each repository and place, with names of their own', () => {
    const { id: _, createdAt: __, ...facts } = makeDestination({ name: 'cloud' })
    const made = service.addDestination(facts)
    expect(destinations.list()).toContainEqual(made)
    expect(() => service.addDestination({ ...facts, name: 'again' })).toThrow('“cloud”')
    const { id: ___, createdAt: ____, ...other } = makeDestination({ name: 'cloud', url: '/other' })
    expect(() => service.addDestination(other)).toThrow('already')
  })
})

describe('a file of jobs', () => {
  it('takes jobs and the destinations they need to another computer', () => {
    destinations.put(makeDestination({ name: 'unused' }))
    const job = service.create(settings({ retention: 'days7' }))
    const text = service.export()
    jobs.remove(job.id)
    for (const one of destinations.list()) destinations.remove(one.id)
    const expected = { added: ['Everything'], replaced: [], kept: [], destinationsAdded: ['drive'] }
    expect(service.import(text, { dryRun: true })).toEqual(expected)
    expect(jobs.list()).toEqual([])
    expect(service.import(text)).toEqual(expected)
    expect(jobs.list()).toEqual([job])
    expect(destinations.list()).toEqual([drive])
  })

  it('leaves jobs that are known alone, unless they are to be replaced', () => {
    const job = service.create(settings())
    const text = service.export(['Everything'])
    service.edit(job.id, { retention: 'latest3' })
    expect(service.import(text)).toMatchObject({ added: [], kept: ['Everything'] })
    expect(jobs.find(job.id)!.retention).toBe('latest3')
    expect(service.import(text, { replace: true })).toMatchObject({ replaced: ['Everything'] })
    expect(jobs.find(job.id)!.retention).toBeNull()
  })

  it('that is wrong changes nothing', () => {
    service.create(settings())
    const good = JSON.parse(service.export()) as { jobs: Job[]; version: number; destinations: unknown[] }
    const [job] = good.jobs
    const wrong: [object, string][] = [
      [{ ...good, version: 2 }, 'newer Holdfast'],
      [{ ...good, format: 'other' }, 'no file of Holdfast jobs'],
      [{ ...good, destinations: [] }, 'lacks a destination'],
      [{ ...good, jobs: [{ ...job, sources: [] }] }, 'jobs.0.sources'],
      [{ ...good, jobs: [{ ...job, id: '00000000000000ee' }] }, 'already'],
      [{ ...good, jobs: [{ ...job, id: '00000000000000ee', name: 'b', retention: 'x' }] }, 'x'],
    ]
    const before = jobs.list()
    for (const [file, said] of wrong) expect(() => service.import(JSON.stringify(file))).toThrow(said)
    expect(() => service.import('nonsense')).toThrow('JSON')
    expect(jobs.list()).toEqual(before)
  })

  it('holds no secrets', () => {
    service.create(settings())
    expect(service.export()).not.toMatch(/pass|secret|phrase/i)
  })
})
