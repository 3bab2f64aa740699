import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../../../engine/base/logger.ts'
import { cancelled, HoldfastError } from '../../../../engine/contract/errors.ts'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import type { Attach } from '../../../../engine/helper/files/attacher.ts'
import { FileDesk, idleMs } from '../../../../engine/helper/files/fileDesk.ts'
import { destinationOf } from '../../../support/destinationOf.ts'
import { FakeTime } from '../../../support/fakeTime.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const backups = destinationOf('backups', 'a')
const others = destinationOf('others', 'b')
const [first, second] = ['1111111111111111', '2222222222222222'] as const
const never = new AbortController().signal
const gone = expect.objectContaining({ code: 'config.notFound' })
const busy = expect.objectContaining({ code: 'files.busy' })

let time: FakeTime
let desk: FileDesk
/** What is attached now, and how often anything was. */
let attached: Set<string>
let times: number
let told: AttachmentView[][]
/** Opening waits for it when it is there. */
let gate: Promise<void> | undefined
let closing: string[]

/** Behaves as a version with one volume, whose files are in a folder. */
const attach: Attach = async (_destination, version, signal) => {
  times++
  if (gate !== undefined) {
    await Promise.race([gate, new Promise((_, reject) => signal.addEventListener('abort', () => reject(cancelled())))])
  }
  if (version === 'deaddeaddeaddead') throw new HoldfastError('repository.versionNotFound', 'There is none.')
  const root = join(folder.path, version)
  await mkdir(root, { recursive: true })
  await writeFile(join(root, 'letter'), 'dear')
  attached.add(version)
  return {
    version: { id: version, name: 'disk', date: '2026-01-01T00:00:00.000Z' },
    volumes: () => [],
    unlock: async () => undefined,
    root: async () => root,
    close: async () => void attached.delete(version),
  }
}

beforeEach(() => {
  time = new FakeTime(Date.parse('2026-02-01T00:00:00Z'))
  attached = new Set()
  times = 0
  told = []
  gate = undefined
  closing = []
  desk = new FileDesk({
    attach,
    clock: time,
    logger: createLogger({ write: () => undefined }),
    factsOf: () => undefined,
    changed: () => void told.push(desk.views()),
    closing: id => void closing.push(id),
  })
})

const opened = async (version: string = first) => (await desk.open(backups, version, never)).attachment

describe('a version that is attached for its files', () => {
  test('is attached once, whoever asks and how often', async () => {
    const ids = await Promise.all([opened(), opened(), opened()])
    expect(new Set(ids).size).toBe(1)
    expect(times).toBe(1)
    expect(desk.views()).toMatchObject([{ id: ids[0], kind: 'files', state: 'attached', versionName: 'disk' }])
    expect(await opened(second)).not.toBe(ids[0])
  })

  test('is detached when nobody has asked anything for ten minutes, and not before', async () => {
    const id = await opened()
    await time.advance(idleMs - 1)
    await desk.use(id, async () => undefined)
    expect(desk.views()[0]?.until).toBe(new Date(time.now() + idleMs).toISOString())
    await time.advance(idleMs - 1)
    expect(attached.has(first)).toBe(true)
    await time.advance(2000)
    expect(attached.has(first)).toBe(false)
    expect(desk.views()).toEqual([])
    expect(told.at(-1)).toEqual([])
    expect(closing).toEqual([id])
    await expect(desk.use(id, async () => undefined)).rejects.toThrow(gone)
  })

  test('stays while it is used, however long that takes', async () => {
    const id = await opened()
    const work = Promise.withResolvers<void>()
    const using = desk.use(id, () => work.promise)
    await time.advance(3 * idleMs)
    expect(attached.has(first)).toBe(true)
    work.resolve()
    await using
    await time.advance(idleMs + 2000)
    expect(attached.has(first)).toBe(false)
  })

  test('cannot be closed while files are copied out of it, and shows that', async () => {
    const id = await opened()
    const work = Promise.withResolvers<void>()
    const holding = desk.hold(id, () => work.promise)
    expect(desk.views()).toMatchObject([{ state: 'busy', until: null }])
    await expect(desk.close(id)).rejects.toThrow(busy)
    await expect(desk.closeOf(({ id: one }) => one === backups.id)).rejects.toThrow(busy)
    await desk.closeOf(({ id: one }) => one === others.id)
    expect(attached.has(first)).toBe(true)
    work.resolve()
    await holding
    await desk.close(id)
    expect(attached.has(first)).toBe(false)
  })

  test('is closed after what is asked of it has been answered, and takes no more questions meanwhile', async () => {
    const id = await opened()
    const work = Promise.withResolvers<void>()
    const using = desk.use(id, () => work.promise)
    const end = desk.close(id)
    expect(desk.views()).toMatchObject([{ state: 'closing' }])
    await expect(desk.use(id, async () => undefined)).rejects.toThrow(gone)
    expect(attached.has(first)).toBe(true)
    work.resolve()
    await Promise.all([using, end])
    expect(attached.has(first)).toBe(false)
  })

  test('is attached anew for who asks while it is being detached', async () => {
    const id = await opened()
    const end = desk.close(id)
    const next = await opened()
    await end
    expect(next).not.toBe(id)
    expect(times).toBe(2)
    expect(attached.has(first)).toBe(true)
  })
})

describe('opening', () => {
  test('is given up when the last who waits for it goes', async () => {
    gate = new Promise(() => undefined)
    const [one, other] = [new AbortController(), new AbortController()]
    const failing = [one, other].map(({ signal }) => desk.open(backups, first, signal).catch(error => error))
    await time.advance(0)
    expect(desk.views()).toMatchObject([{ state: 'opening' }])
    one.abort(cancelled())
    await failing[0]
    expect(desk.views()).toHaveLength(1)
    other.abort(cancelled())
    expect(await failing[1]).toMatchObject({ code: 'run.cancelled' })
    await time.advance(0)
    expect(desk.views()).toEqual([])
  })

  test('that fails leaves nothing, and can be tried again', async () => {
    for (const _ of [1, 2]) {
      await expect(opened('deaddeaddeaddead')).rejects.toMatchObject({ code: 'repository.versionNotFound' })
      expect(desk.views()).toEqual([])
    }
    expect(times).toBe(2)
  })

  test('too many lets the one go that was used least recently, but none that is in use', async () => {
    const ids: string[] = []
    for (let n = 0; n < 16; n++) {
      ids.push(await opened(n.toString(16).repeat(16)))
      await time.advance(1)
    }
    await desk.use(ids[0]!, async () => undefined)
    await opened('abababababababab')
    expect(desk.views().map(({ id }) => id)).toContain(ids[0])
    expect(desk.views().map(({ id }) => id)).not.toContain(ids[1])
    const work = Promise.withResolvers<void>()
    const using = desk.views().map(({ id }) => desk.use(id, () => work.promise))
    await expect(opened('cdcdcdcdcdcdcdcd')).rejects.toThrow(busy)
    work.resolve()
    await Promise.all(using)
  })
})

test('when a drive is gone or the helper ends, everything is detached, even while it is opened', async () => {
  await opened()
  await desk.drop(({ id }) => id === backups.id)
  expect(attached.size).toBe(0)
  await opened()
  gate = new Promise(() => undefined)
  const waiting = opened(second).catch(error => error)
  await time.advance(0)
  await desk.stop()
  expect(await waiting).toMatchObject({ code: 'run.cancelled' })
  expect(attached.size).toBe(0)
  expect(desk.views()).toEqual([])
  await expect(opened()).rejects.toMatchObject({ code: 'helper.busy' })
})

test('what was opened only to look is closed at once, unless somebody else has asked for it meanwhile', async () => {
  await desk.closeUnused(await opened())
  expect(attached.size).toBe(0)
  const id = await opened()
  await opened()
  await desk.closeUnused(id)
  expect(attached.size).toBe(1)
})
