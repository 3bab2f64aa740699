import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { TrackingMethod } from '../../engine/tracking/trackedVolume.ts'
import { VolumeLocks } from '../../engine/tracking/volumeLocks.ts'
import { Killed } from '../support/fakeVolumes.ts'
import { randomImage } from '../support/mixedImage.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { blockBytes, chunk, volumeBytes, World } from '../support/trackedWorld.ts'

/** Backups of volumes that know what changed. */

const folder = useTemporaryFolder()
const makeWorld = (method: TrackingMethod, repositories?: number) => World.make(folder.path, method, repositories)

describe.each(['lvm-thin', 'lvm-classic'] as const)('%s', method => {
  let world: World
  beforeEach(async () => {
    world = await makeWorld(method)
  })

  test('the second run reads what changed, and its version says how and since when', async () => {
    const first = await world.run()
    expect(first).toMatchObject({
      method: method === 'lvm-thin' ? 'allocation' : 'full',
      consistency: 'crash-consistent',
    })
    world.write(5)
    world.write(100, 2)
    const second = await world.run()
    expect(second).toMatchObject({ method, warnings: [] })
    // Two blocks with changes, and a sample of the rest.
    expect(second.readBytes).toBeLessThanOrEqual(3 * blockBytes)
    const session = await world.open(0)
    const details = await session.show(second.version)
    await session.close()
    expect(details).toMatchObject({ base: first.version, source: '/dev/group/volume', sourceKind: 'device' })
    expect(await world.expectAllRestore()).toBe(2)
  })

  test('a second repository does not cost a full read of the first', async () => {
    await world.run(0)
    world.write(1)
    await world.run(1)
    world.write(40)
    const again = await world.run(0)
    expect(again.method).toBe(method)
    // What was written before the run for the other repository is read as well.
    expect(again.newBytes).toBe(2 * blockBytes)
    world.write(80)
    expect((await world.run(1)).newBytes).toBe(2 * blockBytes)
    expect(world.ownNames).toEqual([(await world.kept())!.name])
    await world.expectAllRestore()
  })

  test('a repository that got the last version by copy has its next run read only what changed', async () => {
    await world.run(0)
    world.write(1)
    const second = await world.run(0)
    const [from, to] = [await world.open(0), await world.open(1)]
    const { copied, warnings } = await from.copyTo(to)
    expect({ count: copied.length, warnings }).toEqual({ count: 2, warnings: [] })
    await Promise.all([from.close(), to.close()])
    world.write(40)
    const third = await world.run(1)
    expect(third).toMatchObject({ method, warnings: [], newBytes: blockBytes })
    // The block with the change, and a sample of the rest.
    expect(third.readBytes).toBeLessThanOrEqual(2 * blockBytes)
    const there = await world.open(1)
    expect(await there.show(third.version)).toMatchObject({ base: second.version })
    await there.close()
    // An older version than the one that changes count from says nothing about them.
    world.write(80)
    await world.run(1)
    expect((await world.run(0)).newBytes).toBe(2 * blockBytes)
    await world.expectAllRestore()
  })

  test('the version shows the moment of the snapshot', async () => {
    const before = Date.now()
    let takenBy = 0
    world.volumes.meanwhile = () => {
      if (world.volumes.calls.at(-1) === 'activate') {
        takenBy ||= Date.now()
        world.write(3, 1, 'later')
      }
    }
    const { version } = await world.run()
    const session = await world.open(0)
    const { date } = await session.show(version)
    await session.close()
    expect(Date.parse(date)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(date)).toBeLessThanOrEqual(takenBy)
    await world.expectAllRestore()
  })

  test('a kept snapshot that is gone, or a base that was removed, costs a full read and is told', async () => {
    const { version } = await world.run()
    world.volume.takeAway(world.volume.own[0]!.id)
    const second = await world.run()
    expect(second.method).not.toBe(method)
    expect(second.warnings.join()).toContain('the snapshot that was kept is gone')

    const session = await world.open(0)
    await session.remove([second.version, version], {})
    await session.close()
    const third = await world.run()
    expect(third.method).not.toBe(method)
    expect(third.warnings.join()).toContain('is gone')
    expect((await world.run()).method).toBe(method)
    await world.expectAllRestore()
  })

  test('changes that are told wrong are found out by the sample; then everybody reads everything', async () => {
    await world.run(0)
    await world.run(1)
    // Behind the back of whoever counts: the first blocks are always in the sample.
    world.volume.content.fill(7, 0, 64 * 1024)
    const second = await world.run(0)
    expect(second).toMatchObject({ hintsRejected: true })
    expect(second.method).not.toBe(method)
    const other = await world.run(1)
    expect(other.method).not.toBe(method)
    expect((await world.run(0)).method).toBe(method)
    await world.expectAllRestore()
  })

  test('a volume that has grown, or shrunk, is read where it has', async () => {
    await world.run()
    world.volume.resize(volumeBytes + 64 * 1024)
    world.write(volumeBytes / chunk + 2)
    const grown = await world.run()
    expect(grown).toMatchObject({ method, sizeBytes: volumeBytes + 64 * 1024 })
    world.volume.resize(volumeBytes - 64 * 1024)
    expect(await world.run()).toMatchObject({ method, sizeBytes: volumeBytes - 64 * 1024 })
    world.volume.resize(volumeBytes)
    expect(await world.run()).toMatchObject({ method, sizeBytes: volumeBytes })
    await world.expectAllRestore()
  })

  test('a volume that was renamed is the same', async () => {
    await world.run()
    world.volume.path = '/dev/group/renamed'
    world.write(9)
    expect(await world.run()).toMatchObject({ method })
    expect(await world.engine.tracking()).toMatchObject([{ path: '/dev/group/renamed' }])
    await world.expectAllRestore()
  })

  test('--no-tracking keeps nothing, uses what was kept once more, and leaves what others need', async () => {
    await world.run(0)
    await world.run(1)
    world.write(9)
    expect(await world.run(0, { noTracking: true })).toMatchObject({ method })
    expect(world.ownNames).toHaveLength(1)
    expect(await world.run(1)).toMatchObject({ method })
    await world.run(1, { noTracking: true })
    expect(world.ownNames).toEqual([])
    expect(await world.engine.tracking()).toEqual([])
    expect(await world.run(0, { noTracking: true })).not.toMatchObject({ method })
    expect(world.ownNames).toEqual([])
    await world.expectAllRestore()
  })

  test('forgetting removes what is ours, of whatever state folder, and nothing else', async () => {
    await world.run()
    world.volume.addForeign('snapshot-of-somebody')
    world.volume.addForeign('holdfast_ffffffff_00000001', true)
    const [state] = await world.engine.tracking()
    expect(state?.snapshots.map(({ state }) => state).sort()).toEqual(['kept', 'of-another'])
    // A run leaves the other folder's snapshot alone.
    await world.run()
    expect(world.ownNames).toHaveLength(2)
    expect(await world.engine.forgetTracking({ volumes: [state!.volume] })).toHaveLength(2)
    expect(world.volume.snapshots.map(({ name }) => name)).toEqual(['snapshot-of-somebody'])
    expect(await world.engine.tracking()).toEqual([])
    expect(await world.run()).not.toMatchObject({ method })
  })

  test('what is kept for a repository alone goes with it', async () => {
    await world.run(0)
    await world.run(1)
    const ids = []
    for (const n of [0, 1]) {
      const session = await world.open(n)
      ids.push(session.repositoryId)
      await session.close()
    }
    expect(await world.engine.forgetTracking({ repository: ids[0]! })).toEqual([])
    expect(await world.run(1)).toMatchObject({ method })
    expect(await world.engine.forgetTracking({ repository: ids[1]! })).toHaveLength(1)
    expect(world.ownNames).toEqual([])
  })

  test('a run that is cancelled or fails leaves what was kept as it was', async () => {
    await world.run()
    const before = await world.kept()
    world.write(9)
    const session = await world.open(0)
    const cancelling = new AbortController()
    world.volumes.meanwhile = () => {
      if (world.volumes.calls.at(-1) === 'activate') cancelling.abort()
    }
    const backup = session.backup(world.volume.path, { name: 'volume', signal: cancelling.signal })
    await expect(backup).rejects.toMatchObject({ code: 'run.cancelled' })
    world.volumes.meanwhile = () => undefined
    await session.close()
    expect(world.ownNames).toEqual([before!.name])
    expect(await world.kept()).toEqual(before)
    expect(await world.run()).toMatchObject({ method })
    await world.expectAllRestore()
  })

  test('a record that cannot be read costs a full read and leaves no snapshot behind', async () => {
    await world.run()
    await rm(recordPath(world), { force: true })
    await writeFile(recordPath(world), '{ "volume": 1 }')
    expect(await world.run()).not.toMatchObject({ method })
    expect(world.ownNames).toEqual([(await world.kept())!.name])
  })

  test('what a killed run left goes when the service starts, and what is kept stays', async () => {
    await world.run()
    const before = await world.kept()
    world.write(9)
    const killing = () => {
      if (world.volumes.calls.at(-1) === 'activate') world.volumes.killAt(0)
    }
    world.volumes.meanwhile = killing
    await expect(world.run()).rejects.toThrow(Killed)
    world.volumes.meanwhile = () => undefined
    world.restart()
    expect(world.ownNames).toHaveLength(2)
    expect((await world.engine.tracking())[0]?.snapshots.map(({ state }) => state).sort()).toEqual(['in-use', 'kept'])
    expect(await world.engine.tidyVolumes()).toHaveLength(1)
    expect(world.ownNames).toEqual([before!.name])
    expect(await world.run()).toMatchObject({ method })
    await world.expectAllRestore()
  })

  test('two runs of one volume do not meet', async () => {
    await world.run()
    const held = await new VolumeLocks({ folder: lockFolder(world) }).volume(world.volume)
    await expect(world.run()).rejects.toMatchObject({ code: 'config.inUse', retryable: true })
    await held[Symbol.asyncDispose]()
    expect(await world.run()).toMatchObject({ method })
  })
})

describe('what the file system of a volume has free', () => {
  const half = volumeBytes / 2
  const usedUntil = (end: number) => async () => {
    return { known: true as const, fileSystem: 'ext4', used: [{ start: 0, end }] }
  }
  const masked = (content: Buffer, end: number) =>
    Buffer.concat([content.subarray(0, end), Buffer.alloc(volumeBytes - end)])

  test('is left out, the first time and later, and is no reason to doubt the changes', async () => {
    const world = await makeWorld('lvm-classic')
    world.volume.usualRoom = 200
    world.restart({ usedBlocks: usedUntil(half) })
    const first = await world.run()
    expect(first).toMatchObject({ method: 'allocation', readBytes: half })
    world.write(5)
    world.write(100)
    const second = await world.run()
    expect(second).toMatchObject({ method: 'lvm-classic', hintsRejected: false, newBytes: blockBytes })
    const expected = masked(world.originals.get(second.version)!, half)
    world.originals.set(first.version, masked(world.originals.get(first.version)!, half))
    world.originals.set(second.version, expected)

    // More is in use now, of what was written since; the rest of it was free when it was read last.
    world.restart({ usedBlocks: usedUntil(volumeBytes) })
    world.volume.write(half, randomImage(half, 'files'))
    expect(await world.run()).toMatchObject({ method: 'lvm-classic', hintsRejected: false })
    expect(await world.expectAllRestore()).toBe(3)
  })

  test('is read all the same where that is wanted', async () => {
    const world = await makeWorld('lvm-thin')
    world.restart({ usedBlocks: usedUntil(half) })
    expect(await world.run(0, { usedBlocksOnly: false })).toMatchObject({ readBytes: volumeBytes })
    await world.expectAllRestore()
  })
})

describe('room of classic snapshots', () => {
  let world: World
  beforeEach(async () => {
    world = await makeWorld('lvm-classic')
  })
  const overflowWhile = (call: string, times: number, chunks = 60) => {
    let left = times
    world.volumes.meanwhile = () => {
      if (world.volumes.calls.at(-1) !== call || left-- <= 0) return
      world.write(0, chunks, `overflow ${left}`)
    }
  }

  test('an overflow while reading is made good by one larger snapshot', async () => {
    overflowWhile('isValid', 1)
    const result = await world.run()
    expect(result.status).toBe('complete')
    expect(world.volumes.calls.filter(call => call === 'createSnapshot')).toHaveLength(2)
    expect(world.ownNames).toHaveLength(1)
    await world.expectAllRestore()
  })

  test('an overflow of the larger one as well ends the run; there is no version', async () => {
    world.volume.freeChunks = 50
    overflowWhile('isValid', 2)
    await expect(world.run()).rejects.toMatchObject({ code: 'source.snapshotInvalid' })
    expect(world.ownNames).toEqual([])
    const session = await world.open(0)
    expect(await session.versions()).toEqual([])
    await session.close()
  })

  test('who bounds its size gets no larger one', async () => {
    overflowWhile('isValid', 1)
    await expect(world.run(0, { snapshotBytes: 8 * chunk })).rejects.toMatchObject({
      code: 'source.snapshotInvalid',
      advice: expect.stringContaining('--snapshot-size'),
    })
    expect(world.volumes.calls.filter(call => call === 'createSnapshot')).toHaveLength(1)
  })

  test('an overflow of the kept one costs a full read, and its room is free for the next', async () => {
    await world.run()
    world.volume.freeChunks = 0
    world.write(0, 60, 'much')
    const result = await world.run()
    expect(result.method).toBe('full')
    expect(result.warnings.join()).toContain('more was written')
    expect(world.ownNames).toHaveLength(1)
    await world.expectAllRestore()
  })

  test('where there is no room beside the kept one, that is given up', async () => {
    await world.run()
    world.volume.freeChunks = 0
    world.write(9)
    const result = await world.run()
    expect(result.warnings.join()).toContain('no room for a further snapshot')
    expect(world.ownNames).toHaveLength(1)
    await world.expectAllRestore()
  })

  test('where there is no room at all, the run fails before it reads', async () => {
    world.volume.freeChunks = 0
    await expect(world.run()).rejects.toMatchObject({ code: 'source.noRoomForSnapshot' })
    expect(await world.engine.tracking()).toEqual([])
  })
})

const lockFolder = (world: World) => join(stateOf(world), '..', 'locks')
const recordPath = (world: World) => join(stateOf(world), 'tracking', `${world.volume.id}.json`)
const stateOf = (world: World) => join(world.volumes.folder, '..', 'state')
