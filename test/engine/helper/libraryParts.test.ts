import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../../engine/base/localTime.ts'
import type { DriveDevice } from '../../../engine/contract/drives.ts'
import { UsageReader } from '../../../engine/drives/fileSystemUsage.ts'
import { fitting } from '../../../engine/helper/answerSize.ts'
import { isAsPlanned, planWords, removalOutlook } from '../../../engine/helper/removalPlan.ts'
import { previewInvented, previewRetention } from '../../../engine/helper/retentionPreview.ts'
import { noteShare, scrubbedAllAt } from '../../../engine/helper/scrubPasses.ts'
import { FakeTime } from '../../support/fakeTime.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { idOf, makeVersion } from '../../support/versions.ts'

const folder = useTemporaryFolder()
const destination = '00000000000000dd'
const now = Date.parse('2026-06-15T12:00:00.000Z')
const view = (number: number, facts: Parameters<typeof makeVersion>[0] = {}) => ({
  ...makeVersion({ id: idOf(number), ...facts }),
  destination,
  job: null,
})

describe('the outlook on a removal', () => {
  test('says of each version whether it goes, and after which there is none of its name', () => {
    const [a, b, c, d] = [view(1), view(2, { protected: true }), view(3, { name: 'other' }), view(4)]
    const outlook = removalOutlook([a!, b!, c!], [a!, b!, c!, d!], now)
    expect(outlook.removable).toEqual([a, c])
    expect(outlook.kept).toEqual([
      { version: b, reason: 'protected' },
      { version: d, reason: 'gone' },
    ])
    expect(outlook.lastOfName).toEqual(['other'])
    const young = view(5, { date: new Date(now - 2 * dayMs).toISOString() })
    expect(removalOutlook([young], [young], now, 3).kept).toEqual([{ version: young, reason: 'tooYoung' }])
  })

  test('holds only while everything that was planned is there, the same and not protected', () => {
    const versions = [view(1), view(2)].map(({ id, name, date }) => ({ id, name, date }))
    const plan = { destination, versions }
    expect(isAsPlanned(plan, [view(1), view(2), view(3)])).toBe(true)
    expect(isAsPlanned(plan, [view(1)])).toBe(false)
    expect(isAsPlanned(plan, [view(1), view(2, { protected: true })])).toBe(false)
    expect(isAsPlanned(plan, [view(1), view(2, { name: 'else' })])).toBe(false)
    expect(planWords(plan)).toContain('2 versions, among them web01 of 2026')
  })
})

describe('the preview of a retention', () => {
  test('decides for each destination and each computer apart, as runs do', () => {
    const at = (hours: number) => new Date(now - hours * hourMs).toISOString()
    const stored = [
      { destination: 'a', version: makeVersion({ id: idOf(1), date: at(1) }) },
      { destination: 'a', version: makeVersion({ id: idOf(2), date: at(2) }) },
      { destination: 'a', version: makeVersion({ id: idOf(3), date: at(3), host: 'another' }) },
      { destination: 'b', version: makeVersion({ id: idOf(4), date: at(4) }) },
    ]
    const { decisions, keptCount, removedCount } = previewRetention('latest1', stored, now, 'UTC')
    expect(decisions.map(({ version, keep }) => [version, keep])).toEqual([
      [idOf(1), true],
      [idOf(2), false],
      [idOf(3), true],
      [idOf(4), true],
    ])
    expect([keptCount, removedCount]).toEqual([3, 1])
  })

  test('of the invented job fits into one answer and tells all that is kept', () => {
    const shown = previewInvented('hours48,days30,months24,years3', now, 'UTC')
    expect(shown.keptCount + shown.removedCount).toBe(17_520)
    expect(shown.decisions.filter(({ keep }) => keep)).toHaveLength(shown.keptCount)
    expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThan(1_000_000)
    const dates = shown.decisions.map(({ date }) => date)
    expect(dates).toEqual(dates.toSorted().reverse())
    const everything = previewInvented('hours20000', now, 'UTC')
    expect(everything).toMatchObject({ keptCount: 17_520, removedCount: 0 })
    expect(Buffer.byteLength(JSON.stringify(everything))).toBeLessThan(1_000_000)
  })
})

test('an answer takes as many items as fit, and one in any case', () => {
  expect(fitting(['aaaa', 'bbbb', 'cccc'], 14)).toEqual(['aaaa', 'bbbb'])
  expect(fitting(['a'.repeat(100), 'b'], 10)).toEqual(['a'.repeat(100)])
  expect(fitting([], 10)).toEqual([])
})

describe('a pass through what is stored', () => {
  let stores: ReturnType<typeof openJobStores>
  beforeEach(() => {
    stores = openJobStores(folder.path)
  })
  afterEach(() => void stores.db.close())

  test('is full when its shares are, and counts from its beginning', () => {
    const { facts } = stores
    for (const [at, percent] of [
      [1, 40],
      [2, 40],
    ] as const) {
      noteShare(facts, destination, percent, at)
    }
    expect(scrubbedAllAt(facts, destination)).toBeUndefined()
    noteShare(facts, destination, 40, 3)
    expect(scrubbedAllAt(facts, destination)).toBe(1)
    noteShare(facts, destination, 60, 4)
    expect(scrubbedAllAt(facts, destination)).toBe(1)
    noteShare(facts, destination, 60, 5)
    expect(scrubbedAllAt(facts, destination)).toBe(4)
  })
})

test('a file system that does not answer is left out, and not asked again before it has', async () => {
  const device = (id: string, ...mountPoints: string[]) => ({ id, mountPoints }) as DriveDevice
  const answer = Promise.withResolvers<void>()
  const asked: string[] = []
  const time = new FakeTime(0)
  const reader = new UsageReader({
    clock: time,
    timeoutMs: 1000,
    async ask(path) {
      asked.push(path)
      if (path === '/dead') await answer.promise
      if (path === '/gone') throw new Error('ENOENT')
      return { bsize: 4096, blocks: 100, bfree: 40, bavail: 30 }
    },
  })
  const inventory = { devices: [device('a', '/fine', '/too'), device('b', '/dead'), device('c', '/gone'), device('d')] }
  const first = reader.read(inventory)
  await time.advance(1000)
  const fine = { device: 'a', usedBytes: 60 * 4096, freeBytes: 30 * 4096 }
  expect(await first).toEqual([fine])
  const second = reader.read(inventory)
  await time.advance(1000)
  expect(await second).toEqual([fine])
  expect(asked.filter(path => path === '/dead')).toHaveLength(1)
  answer.resolve()
  await time.advance(1)
  const third = reader.read(inventory)
  await time.advance(1000)
  expect((await third).map(({ device }) => device)).toEqual(['a', 'b'])
})
