import { beforeEach, expect, test } from 'vitest'
import { createLogger } from '../../../../engine/base/logger.ts'
import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { Overlay } from '../../../../engine/contract/models.ts'
import type { Engine, Session } from '../../../../engine/engineApi.ts'
import { CopyDesk, type CopyDeskDeps } from '../../../../engine/helper/files/copyDesk.ts'
import type { TaskContext } from '../../../../engine/helper/taskRuns.ts'
import { destinationOf } from '../../../support/destinationOf.ts'
import { FakeTime } from '../../../support/fakeTime.ts'

const backups = destinationOf('backups', 'a')
const version = '1111111111111111'
const busy = expect.objectContaining({ code: 'files.busy' })
const gone = expect.objectContaining({ code: 'config.notFound' })

/** Overlays that are kept by nobody but this test, and behave like real ones as far as the desk can tell. */
let overlays: Map<string, Overlay>
let isUsed: boolean
let attached: Set<string>
let changes: number
let desk: CopyDesk

function create(repositoryId = backups.repositoryId): string {
  const id = String(overlays.size + 1)
    .repeat(16)
    .slice(0, 16)
  overlays.set(id, {
    ...{ id, repositoryId, url: '/backups/gone', version, name: 'disk', date: '2026-01-01T00:00:00.000Z' },
    ...{ sizeBytes: 4096, changedBytes: 0, inUse: false, isDamaged: false },
    createdAt: '2026-02-01T00:00:00.000Z',
    changedAt: '2026-02-01T00:00:00.000Z',
  })
  return id
}

const session = {
  repositoryId: backups.repositoryId,
  url: backups.url,
  createOverlay: async () => create(),
  async commitOverlay(id: string, { labels }: { labels: Record<string, string> }) {
    if (labels.note === 'fails') throw new HoldfastError('storage.full', 'There is no room.')
    overlays.delete(id)
    return { version: '2222222222222222', storedBytes: 17, warnings: [] }
  },
  close: async () => undefined,
} as unknown as Session
const engine = {
  open: async () => session,
  overlays: async () => [...overlays.values()],
  discardOverlay: async (id: string) => void overlays.delete(id),
} as unknown as Engine

beforeEach(() => {
  overlays = new Map()
  attached = new Set()
  isUsed = false
  changes = 0
  const deps: CopyDeskDeps = {
    engine,
    connector: {
      connect: async () => ({
        url: backups.url,
        secret: { kind: 'passphrase', passphrase: 'x' },
        release: async () => [],
      }),
    },
    destinations: { list: () => [backups] },
    clock: new FakeTime(0),
    logger: createLogger({ write: () => undefined }),
    changed: () => void changes++,
    async attach(_destination, id) {
      attached.add(id)
      const end = async () => void attached.delete(id)
      const detach = async () => {
        if (isUsed) throw new HoldfastError('files.busy', 'A program has it.')
        await end()
      }
      return { device: '/dev/loop9', uri: 'nbd+unix:///?socket=x', detach, end }
    },
  }
  desk = new CopyDesk(deps)
})

const made = () => desk.create(backups, version, new AbortController().signal)
const states = () => desk.views().map(({ state }) => state)
const context = { session, signal: new AbortController().signal, onProgress: () => undefined } as unknown as TaskContext

test('a copy is shown from its making to its end, with its device while it has one', async () => {
  const id = await made()
  expect(desk.views()).toMatchObject([{ id, kind: 'copy', state: 'idle', destination: backups.id, device: null }])
  expect(await desk.attach(id)).toEqual({ device: '/dev/loop9', uri: 'nbd+unix:///?socket=x' })
  expect(await desk.attach(id)).toMatchObject({ device: '/dev/loop9' })
  expect(desk.views()).toMatchObject([{ state: 'attached', device: '/dev/loop9', uri: 'nbd+unix:///?socket=x' }])
  await desk.detach(id)
  await desk.detach(id)
  expect(states()).toEqual(['idle'])
  await desk.discard(id)
  expect(desk.views()).toEqual([])
  expect(changes).toBeGreaterThan(4)
  await expect(desk.attach(id)).rejects.toThrow(gone)
})

test('one that is used stays attached, and is neither kept nor discarded', async () => {
  const id = await made()
  await desk.attach(id)
  isUsed = true
  await expect(desk.detach(id)).rejects.toThrow(busy)
  await expect(desk.detachOf(() => true)).rejects.toThrow(busy)
  expect(states()).toEqual(['attached'])
  await expect(desk.discard(id)).rejects.toThrow(busy)
  await expect(desk.keepTask(id, '')).rejects.toThrow(busy)
  expect(overlays.has(id)).toBe(true)
  isUsed = false
  await desk.detachOf(({ id: one }) => one !== backups.id)
  expect(attached.has(id)).toBe(true)
  await desk.detachOf(({ id: one }) => one === backups.id)
  expect(attached.has(id)).toBe(false)
})

test('one that is being kept is busy until that has ended; when it fails, the copy is still there', async () => {
  const id = await made()
  const failing = await desk.keepTask(id, 'fails')
  const rival = await desk.keepTask(id, '')
  failing.begun!()
  expect(states()).toEqual(['busy'])
  expect(() => rival.begun!()).toThrow(busy)
  for (const call of [desk.attach(id), desk.detach(id), desk.discard(id)]) await expect(call).rejects.toThrow(busy)
  await expect(failing.work(context)).rejects.toMatchObject({ code: 'storage.full' })
  await failing.failed!(new Error())
  expect(states()).toEqual(['idle'])
  rival.begun!()
  expect(await rival.work(context)).toMatchObject({
    outcome: { kind: 'keep', of: version, version: '2222222222222222', storedBytes: 17 },
  })
  expect(desk.views()).toEqual([])
})

test('copies of other programs and of repositories that are no destinations are shown, too', async () => {
  const [foreign, open] = [create('f'.repeat(32)), create()]
  overlays.get(open)!.inUse = true
  await desk.look()
  expect(desk.views()).toMatchObject([
    { id: foreign, destination: '', destinationName: '/backups/gone', state: 'idle' },
    { id: open, state: 'attached', device: null },
  ])
  await expect(desk.attach(foreign)).rejects.toThrow(gone)
  await expect(desk.attach(open)).rejects.toThrow(busy)
  await expect(desk.discard(open)).rejects.toThrow(busy)
  await desk.discard(foreign)
  expect(desk.views()).toHaveLength(1)
  // The other program has let go of it.
  overlays.get(open)!.inUse = false
  expect(await desk.attach(open)).toMatchObject({ device: '/dev/loop9' })
})

test('when the helper ends, devices are taken away from whoever has them, and what was written stays', async () => {
  const id = await made()
  await desk.attach(id)
  isUsed = true
  await desk.stop()
  expect(attached.size).toBe(0)
  expect(overlays.has(id)).toBe(true)
})
