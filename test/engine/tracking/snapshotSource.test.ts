import { expect, test } from 'vitest'
import { SnapshotSource } from '../../../engine/tracking/snapshotSource.ts'
import { MemorySource } from '../../support/memorySource.ts'

const advice = 'Make room.'

function snapshotOf(device: MemorySource, allocated?: { start: number; end: number }[]) {
  const state = { isValid: true, asked: 0 }
  const source = new SnapshotSource(device, {
    path: '/dev/group/volume',
    consistency: 'consistent',
    allocated,
    advice,
    async isValid() {
      state.asked++
      return state.isValid
    },
  })
  return { source, state }
}

test('a read that fails because of the disk is one, and the snapshot is asked about once for many of them', async () => {
  const device = new MemorySource(Buffer.alloc(4096))
  device.badSectors.add(512).add(1024)
  const { source, state } = snapshotOf(device)
  for (const at of [512, 1024, 512]) {
    await expect(source.read(Buffer.alloc(512), at)).rejects.toMatchObject({ code: 'source.readFailed' })
  }
  expect(state.asked).toBe(1)
})

test('a read that fails because the snapshot is void says so', async () => {
  const device = new MemorySource(Buffer.alloc(4096))
  device.badSectors.add(512)
  const { source, state } = snapshotOf(device)
  state.isValid = false
  await expect(source.read(Buffer.alloc(512), 512)).rejects.toMatchObject({ code: 'source.snapshotInvalid', advice })
})

test('what was read is worth nothing when the snapshot is void at the end', async () => {
  const { source, state } = snapshotOf(new MemorySource(Buffer.alloc(4096)))
  await source.read(Buffer.alloc(4096), 0)
  expect(await source.consistency()).toBe('consistent')
  state.isValid = false
  await expect(source.consistency()).rejects.toMatchObject({ code: 'source.snapshotInvalid' })
})

test('what is not allocated is a hole', () => {
  const allocated = [
    { start: 0, end: 1000 },
    { start: 2000, end: 9000 },
  ]
  const { source } = snapshotOf(new MemorySource(Buffer.alloc(4096)), allocated)
  expect(source.knowsHoles).toBe(true)
  expect([...source.extents(500, 4096)]).toEqual([
    { offset: 500, length: 500 },
    { offset: 2000, length: 2096 },
  ])
})

test('without knowledge of holes it is one extent, under the path of the volume', () => {
  const { source } = snapshotOf(new MemorySource(Buffer.alloc(4096)))
  expect(source).toMatchObject({ path: '/dev/group/volume', kind: 'device', sizeBytes: 4096, knowsHoles: false })
  expect([...source.extents(0, 4096)]).toEqual([{ offset: 0, length: 4096 }])
})
