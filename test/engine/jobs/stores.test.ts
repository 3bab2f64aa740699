import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { randomHex } from '../../../engine/base/random.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { type Database, openJobDatabase } from '../../../engine/jobs/database.ts'
import { FactStore } from '../../../engine/jobs/factStore.ts'
import { decodeJobFile, encodeJobFile } from '../../../engine/jobs/jobFile.ts'
import { RecordStore } from '../../../engine/jobs/recordStore.ts'
import { RunStore } from '../../../engine/jobs/runStore.ts'
import { storedJobSchema } from '../../../engine/jobs/storedJob.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
let db: Database
const path = () => join(folder.path, 'state', 'jobs.sqlite')

beforeEach(() => {
  db = openJobDatabase(path())
})
afterEach(() => void db.close())

const makeRun = (facts: Partial<Run> = {}): Run => ({
  id: randomHex(8),
  kind: 'backup',
  job: '00000000000000aa',
  jobName: 'Everything',
  destination: '00000000000000dd',
  destinationName: 'drive',
  trigger: 'schedule',
  state: 'complete',
  startedAt: '2026-01-31T10:00:00.000Z',
  finishedAt: '2026-01-31T10:05:00.000Z',
  phase: null,
  parts: [],
  damagedVersions: 0,
  outcome: null,
  error: null,
  warnings: [],
  ...facts,
})

describe('the file of jobs', () => {
  it('keeps what it was told when it is opened again', () => {
    const job = makeJob()
    new RecordStore(db, 'jobs', storedJobSchema, 'job').put(job)
    db.close()
    db = openJobDatabase(path())
    expect(new RecordStore(db, 'jobs', storedJobSchema, 'job').list()).toEqual([job])
  })

  it('is never replaced when it is damaged or comes from a newer Holdfast', async () => {
    db.pragma('user_version = 99')
    db.close()
    expect(() => openJobDatabase(path())).toThrow('newer Holdfast')
    await writeFile(path(), 'this is no database, but somebody may want it back')
    expect(() => openJobDatabase(path())).toThrow(expect.objectContaining({ code: 'config.invalid' }))
    await writeFile(path(), '')
    db = openJobDatabase(path())
  })

  it('holds all or nothing of what a killed process was writing', async () => {
    const script = `
      import { openJobDatabase } from '${new URL('../../../engine/jobs/database.ts', import.meta.url).pathname}'
      import { FactStore } from '${new URL('../../../engine/jobs/factStore.ts', import.meta.url).pathname}'
      const facts = new FactStore(openJobDatabase(process.argv[1]))
      for (let i = 1; ; i++) { facts.set('count', i); process.stdout.write(i + '\\n') }`
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module-typescript',
        '-e',
        script,
        path(),
      ])
      let said = 0
      let text = ''
      child.stdout.on('data', data => {
        text += data
        said = Number(text.split('\n').at(-2) ?? 0)
        if (said > 20 + round * 7) child.kill('SIGKILL')
      })
      await new Promise(resolve => child.on('close', resolve))
      const count = new FactStore(db).get('count', z.number())!
      // What was written and not yet said, or said and not yet heard, may be there as well.
      expect(count).toBeGreaterThanOrEqual(said)
      expect(Number.isSafeInteger(count)).toBe(true)
      new FactStore(db).remove('count')
    }
  })
})

describe('records', () => {
  const store = () => new RecordStore(db, 'jobs', storedJobSchema, 'job')

  it('are found by id, by the beginning of one, and by name', () => {
    const [a, b] = [
      makeJob({ name: 'Alpha', id: 'aaaa000000000001' }),
      makeJob({ name: 'Beta', id: 'aaaa000000000002' }),
    ]
    store().put(b)
    store().put(a)
    expect(store().list()).toEqual([a, b])
    expect(store().resolve('Alpha')).toEqual(a)
    expect(store().resolve('aaaa000000000002')).toEqual(b)
    expect(store().find('ffff000000000002')).toBeUndefined()
    for (const text of ['Gamma', 'aaaa', 'a']) {
      expect(() => store().resolve(text)).toThrow(expect.objectContaining({ code: 'config.notFound' }))
    }
    expect(store().remove(a.id)).toBe(true)
    expect(store().remove(a.id)).toBe(false)
    expect(store().resolve('aaaa')).toEqual(b)
  })

  it('are read with the one stretch of quiet hours, or none, that an earlier build wrote, also out of a file', () => {
    const job = makeJob()
    const night = { from: '22:00', to: '06:00' }
    for (const [quietHours, now] of [
      [null, []],
      [night, [night]],
      [[night], [night]],
    ] as const) {
      const earlier = { ...job, conditions: { ...job.conditions, quietHours } }
      db.prepare('INSERT OR REPLACE INTO jobs (id, body) VALUES (?, ?)').run(job.id, JSON.stringify(earlier))
      expect(store().find(job.id)?.conditions.quietHours).toEqual(now)
      const destination = makeDestination({ id: job.destinations[0]! })
      const file = JSON.parse(encodeJobFile([job], [destination], 0))
      const text = JSON.stringify({ ...file, jobs: [earlier] })
      expect(decodeJobFile(text).jobs[0]?.conditions.quietHours).toEqual(now)
    }
  })

  it('are checked before they are kept, and named when they cannot be read', () => {
    expect(() => store().put({ ...makeJob(), name: '' })).toThrow()
    expect(store().list()).toEqual([])
    db.prepare('INSERT INTO jobs (id, body) VALUES (?, ?)').run('00000000000000ff', '{"name":"old"}')
    expect(() => store().list()).toThrow('00000000000000ff')
  })
})

describe('runs', () => {
  it('are listed newest first, of one job or of all, and page by page', () => {
    const runs = new RunStore(db)
    const made = [1, 2, 3, 4].map(i =>
      makeRun({ startedAt: `2026-01-0${i}T00:00:00.000Z`, job: i % 2 ? '00000000000000aa' : '00000000000000bb' }),
    )
    for (const run of made) runs.put(run)
    expect(runs.list()).toEqual(made.toReversed())
    expect(runs.list({ job: '00000000000000bb' })).toEqual([made[3], made[1]])
    expect(runs.list({ destination: 'other' })).toEqual([])
    expect(runs.list({ limit: 1, before: Date.parse(made[2]!.startedAt) })).toEqual([made[1]])
    const drive = '00000000000000dd'
    expect(runs.newest('00000000000000aa', drive, ['complete', 'failed'])).toEqual(made[2])
    expect(runs.newest('00000000000000aa', drive, ['failed'])).toBeUndefined()
    expect(runs.newest('00000000000000aa', 'other', ['complete'])).toBeUndefined()
  })

  it('are changed as they go on, and those that nobody ended are found', () => {
    const runs = new RunStore(db)
    const run = makeRun({ state: 'running', phase: 'reading', finishedAt: null })
    runs.put(run)
    expect(runs.running()).toEqual([run])
    runs.put({ ...run, state: 'interrupted', phase: null })
    expect(runs.running()).toEqual([])
    expect(runs.find(run.id)).toMatchObject({ state: 'interrupted' })
  })

  it('are forgotten when there are many, the oldest first, with their logs; never while they run', () => {
    const runs = new RunStore(db)
    const made = Array.from({ length: 5 }, (_, i) => makeRun({ startedAt: `2026-01-0${i + 1}T00:00:00.000Z` }))
    const running = makeRun({ state: 'running', startedAt: '2025-01-01T00:00:00.000Z' })
    for (const run of [...made, running]) runs.put(run)
    runs.log(made[0]!.id, [{ at: 1, level: 'info', text: 'old' }])
    runs.log(made[4]!.id, [{ at: 1, level: 'info', text: 'new' }])
    runs.trim('00000000000000aa', 2)
    expect(runs.list()).toEqual([made[4], made[3], running])
    expect(runs.logOf(made[0]!.id)).toEqual([])
    expect(runs.logOf(made[4]!.id)).toHaveLength(1)
  })

  it('keep the beginning and the end of a long log', () => {
    const runs = new RunStore(db)
    const run = makeRun()
    runs.put(run)
    for (let i = 0; i < 50; i++) {
      runs.log(
        run.id,
        Array.from({ length: 100 }, (_, j) => ({ at: i, level: 'info' as const, text: `${i * 100 + j}` })),
      )
    }
    const lines = runs.logOf(run.id)
    expect(lines.length).toBeLessThanOrEqual(2000)
    expect([lines[0]!.text, lines.at(-1)!.text]).toEqual(['0', '4999'])
    expect(lines.some(line => line.text === '4000')).toBe(true)
    runs.log(run.id, [{ at: 1, level: 'error', text: 'x'.repeat(10_000) }])
    expect(runs.logOf(run.id).at(-1)!.text).toHaveLength(2000)
  })
})

describe('facts', () => {
  it('come back when they are what they should be', () => {
    const facts = new FactStore(db)
    facts.set('prunedAt', 5)
    facts.set('prunedAt', 7)
    expect(facts.get('prunedAt', z.number())).toBe(7)
    expect(facts.get('prunedAt', z.string())).toBeUndefined()
    expect(facts.get('other', z.number())).toBeUndefined()
    facts.remove('prunedAt')
    expect(facts.get('prunedAt', z.number())).toBeUndefined()
  })
})
