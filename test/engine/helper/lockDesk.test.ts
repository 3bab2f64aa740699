import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Destination } from '../../../engine/contract/jobs.ts'
import type { LockState } from '../../../engine/contract/models.ts'
import type { LockReadOptions } from '../../../engine/engineApi.ts'
import { LockDesk } from '../../../engine/helper/lockDesk.ts'
import { lockFinder } from '../../../engine/helper/versionLocks.ts'
import { type Database, openJobDatabase } from '../../../engine/jobs/database.ts'
import { FactStore } from '../../../engine/jobs/factStore.ts'
import { FakeTime } from '../../support/fakeTime.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const destination = { id: '00000000000000aa', name: 'Cloud' } as Destination
const one = '0000000000000001' as LockState['versions'][number]['version']
const date = '2026-06-01T00:00:00.000Z'
const [early, late] = ['2026-07-01T00:00:00.000Z', '2026-07-20T00:00:00.000Z']
const stateOf = (until: string | null): LockState => ({
  mode: 'compliance',
  days: 30,
  lockedUntil: until,
  askedObjects: 7,
  versions: [{ version: one, name: 'disk', date, lockedUntil: until }],
})

describe('until when a version is locked', () => {
  const [before, after] = ['2026-06-02T00:00:00.000Z', '2026-06-03T00:00:00.000Z']
  const noted = (at: string, until: string | null) => ({ noted: { at, until, versions: [one] } })
  const asked = (at: string, until: string | null) => ({ asked: { at, lock: stateOf(until) } })

  it('is what is known of it, and nothing of versions that came later', () => {
    expect(lockFinder({})(one)).toBeUndefined()
    expect(lockFinder(noted(before, early))(one)).toEqual({ until: early, at: before, by: 'notes' })
    expect(lockFinder(asked(before, early))(one)).toEqual({ until: early, at: before, by: 'server' })
    expect(lockFinder({ ...noted(before, early), ...asked(before, late) })('0000000000000002')).toBeUndefined()
  })

  it('is what the server said last, or what later notes add to it', () => {
    const find = (known: Parameters<typeof lockFinder>[0]) => lockFinder(known)(one)
    expect(find({ ...noted(before, late), ...asked(after, early) })).toMatchObject({ until: early, by: 'server' })
    expect(find({ ...noted(before, late), ...asked(after, null) })).toMatchObject({ until: null, by: 'server' })
    expect(find({ ...noted(after, late), ...asked(before, early) })).toMatchObject({ until: late, by: 'notes' })
    expect(find({ ...noted(after, early), ...asked(before, late) })).toMatchObject({ until: late, by: 'server' })
    expect(find({ ...noted(after, null), ...asked(before, late) })).toMatchObject({ until: late, by: 'server' })
  })
})

describe('the desk for locks', () => {
  let db: Database
  let desk: LockDesk
  const clock = new FakeTime(Date.parse(date))
  beforeEach(() => {
    db = openJobDatabase(join(folder.path, 'jobs.sqlite'))
    desk = new LockDesk(new FactStore(db), clock)
  })
  afterEach(() => {
    db.close()
  })
  const never = new AbortController().signal
  const untilAborted = ({ signal }: LockReadOptions) =>
    new Promise<never>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))

  it('keeps what the server said, also for the next start', async () => {
    const told: unknown[] = []
    const read = async ({ onAsked }: LockReadOptions) => {
      await clock.advance(1000)
      onAsked!(3, 7)
      return stateOf(late)
    }
    const tell = () => void told.push(desk.present(destination.id).askingLocks)
    await desk.ask(destination, read, { signal: never, tell })
    expect(told).toEqual([{ asked: 0, objects: 0 }, { asked: 3, objects: 7 }, undefined])
    const next = new LockDesk(new FactStore(db), clock)
    expect(next.finder(destination.id)(one)).toMatchObject({ until: late, by: 'server' })
    expect(next.present(destination.id).askedLocks).toMatchObject({ lockedUntil: late, objects: 7, mode: 'compliance' })
    next.forget(destination.id)
    expect(new LockDesk(new FactStore(db), clock).finder(destination.id)(one)).toBeUndefined()
  })

  it('asks once for several who want to know', async () => {
    let reads = 0
    const read = async () => {
      reads++
      return stateOf(late)
    }
    const both = [1, 2].map(() => desk.ask(destination, read, { signal: never, tell: () => undefined }))
    expect((await Promise.all(both)).map(({ lockedUntil }) => lockedUntil)).toEqual([late, late])
    expect(reads).toBe(1)
  })

  it('stops when it is told to, keeps what was known before, and can ask again', async () => {
    desk.note(destination.id, stateOf(early))
    const asking = desk.ask(destination, untilAborted, { signal: never, tell: () => undefined })
    await Promise.resolve()
    desk.stop(destination.id)
    await expect(asking).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(desk.present(destination.id)).toEqual({})
    expect(desk.finder(destination.id)(one)).toMatchObject({ until: early, by: 'notes' })
    await desk.ask(destination, async () => stateOf(late), { signal: never, tell: () => undefined })
    expect(desk.finder(destination.id)(one)).toMatchObject({ until: late, by: 'server' })
  })

  it('says so where nothing is locked', async () => {
    const asking = desk.ask(destination, async () => undefined, { signal: never, tell: () => undefined })
    await expect(asking).rejects.toMatchObject({ code: 'config.notFound' })
  })
})
