import { constants } from 'node:fs'
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemAccess } from '../../../engine/base/linux/system.ts'
import { createLinuxCalls, type LinuxCalls, linux, SystemCallError } from '../../../engine/base/linux.ts'
import { endsOfDevice } from '../../../engine/targets/deviceEnds.ts'
import { openTarget } from '../../../engine/targets/open.ts'
import { describeTarget } from '../../suites/targetSuite.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()
const image = () => join(folder.path, 'image')
const content = () => Buffer.alloc(2 * MiB, 'old content ')

async function attach(...options: string[]) {
  await writeFile(image(), content())
  return attachLoop(image(), ...options)
}

describe.skipIf(noLoopDevices)('on block devices', () => {
  const ways: [string, LinuxCalls, string[]][] = [
    ['loop device', linux, []],
    ['loop device with sectors of 4096 bytes', linux, ['--sector-size', '4096']],
    ['loop device that cannot discard', { ...linux, punchHole: async () => 'unsupported' }, []],
    ['loop device without the native module', createLinuxCalls(() => undefined), []],
  ]
  for (const [name, calls, options] of ways) {
    describeTarget(name, async () => {
      const loop = await attach(...options)
      return {
        target: await openTarget(loop.path, { sizeBytes: 2 * MiB, force: true, calls }),
        bytes: content(),
        readBack: () => readFile(loop.path),
        cleanUp: async () => loop.detach(),
      }
    })
  }

  /** Attaches a device, uses it, and detaches it whatever happens. */
  const withLoop = async (use: (path: string) => Promise<void>, ...options: string[]) => {
    const loop = await attach(...options)
    try {
      await use(loop.path)
    } finally {
      loop.detach()
    }
  }
  const openForced = (path: string, calls = linux) => openTarget(path, { sizeBytes: 2 * MiB, force: true, calls })

  it('needs force, and changes nothing without it', () =>
    withLoop(async path => {
      await expect(openTarget(path, { sizeBytes: MiB })).rejects.toMatchObject({ code: 'target.exists' })
      expect((await readFile(path)).equals(content())).toBe(true)
    }))

  it('cannot be mounted or taken by anybody else while it is open', () =>
    withLoop(async path => {
      const target = await openForced(path)
      expect([target.kind, target.startsZeroed, target.sizeBytes]).toEqual(['device', false, 2 * MiB])
      await expect(open(path, constants.O_RDONLY | constants.O_EXCL)).rejects.toMatchObject({ code: 'EBUSY' })
      await expect(openForced(path)).rejects.toMatchObject({ code: 'target.inUse' })
      await target.close()
    }))

  it('is in use while it is mounted', () =>
    withLoop(async path => {
      makeFileSystem(path)
      await mkdir(join(folder.path, 'mount'))
      const unmount = mountAt(path, join(folder.path, 'mount'))
      try {
        await expect(openForced(path)).rejects.toMatchObject({ code: 'target.inUse' })
      } finally {
        unmount()
      }
    }))

  it('is too small for more than it holds', () =>
    withLoop(async path => {
      await expect(openTarget(path, { sizeBytes: 2 * MiB + 1, force: true })).rejects.toMatchObject({
        code: 'target.tooSmall',
        details: { sizeBytes: 2 * MiB, neededBytes: 2 * MiB + 1 },
      })
      // The refused opening has let go of it.
      await (await openForced(path)).close()
    }))

  it('is refused when it is write-protected', () =>
    withLoop(async path => {
      await expect(openForced(path)).rejects.toMatchObject({ code: 'target.readOnly' })
    }, '--read-only'))

  it('is refused when its name means another device by now', () =>
    withLoop(async path => {
      const stale = {
        ...systemAccess,
        identify: async (name: string) => ({ ...(await systemAccess.identify(name))!, deviceId: '8:999' }),
      }
      await expect(openTarget(path, { sizeBytes: 1, force: true, access: stale })).rejects.toMatchObject({
        code: 'target.identityChanged',
      })
    }))

  it('is refused when it is not what it was when somebody agreed to lose it', () =>
    withLoop(async path => {
      const file = await open(path)
      const expected = { sizeBytes: 2 * MiB, ends: await endsOfDevice(file, 2 * MiB) }
      await file.close()
      const opening = (expect: typeof expected) => openTarget(path, { sizeBytes: MiB, force: true, expect })
      await (await opening(expected)).close()
      for (const other of [
        { ...expected, sizeBytes: MiB },
        { ...expected, ends: '0'.repeat(64) },
      ]) {
        await expect(opening(other)).rejects.toMatchObject({ code: 'target.identityChanged' })
      }
      // Nothing of that claims it any longer.
      await (await openForced(path)).close()
    }))

  it('that became a file is not what somebody agreed to lose, either', async () => {
    await writeFile(image(), content())
    const agreed = { sizeBytes: 2 * MiB, ends: '' }
    await expect(openTarget(image(), { sizeBytes: MiB, force: true, expect: agreed })).rejects.toMatchObject({
      code: 'target.identityChanged',
    })
    expect((await readFile(image())).equals(content())).toBe(true)
  })

  it('asks the kernel to look at the partitions until nobody is in the way, for a while', () =>
    withLoop(async path => {
      let asked = 0
      const answering = (answers: number): LinuxCalls => ({
        ...linux,
        readPartitionTable: () => (++asked < answers ? 'busy' : 'done'),
      })
      const reading = async (calls: LinuxCalls) => {
        asked = 0
        const target = await openForced(path, calls)
        try {
          return await target.readPartitions()
        } finally {
          await target.close()
        }
      }
      expect([await reading(answering(3)), asked]).toEqual(['done', 3])
      expect(await reading(answering(Number.POSITIVE_INFINITY))).toBe('busy')
      expect(asked).toBeLessThan(100)
      // A loop device without --partscan can have none.
      expect(await reading(linux)).toBe('none')
    }))

  it('gives space back where the device promises zeros, and keeps to whole sectors there', () =>
    withLoop(async path => {
      const punched: [number, number][] = []
      const watching: LinuxCalls = {
        ...linux,
        punchHole(fd, offset, length) {
          punched.push([offset, length])
          return linux.punchHole(fd, offset, length)
        },
      }
      const target = await openForced(path, watching)
      await target.zero(1000, MiB)
      await target.zero(100, 200)
      await target.flush()
      await target.close()
      expect(punched).toEqual([[1024, MiB - 512]])
      const expected = content()
        .fill(0, 100, 300)
        .fill(0, 1000, 1000 + MiB)
      expect((await readFile(image())).equals(expected)).toBe(true)
    }))

  it('zeroes long ranges in steps', async () => {
    await writeFile(image(), '')
    await truncate(image(), 300 * MiB)
    const loop = attachLoop(image())
    try {
      const lengths: number[] = []
      const recording: LinuxCalls = {
        ...linux,
        async punchHole(_, __, length) {
          lengths.push(length / MiB)
          return 'done'
        },
      }
      const target = await openForced(loop.path, recording)
      await target.zero(0, 300 * MiB)
      expect(lengths).toEqual([128, 128, 44])
      await target.close()
    } finally {
      loop.detach()
    }
  })

  it('says where zeroing failed', () =>
    withLoop(async path => {
      const broken: LinuxCalls = {
        ...linux,
        punchHole: async () => 'unsupported',
        zeroBlockDevice: () => Promise.reject(new SystemCallError('ioctl BLKZEROOUT', 'EIO')),
      }
      const target = await openForced(path, broken)
      await expect(target.zero(512, 4096)).rejects.toMatchObject({
        code: 'target.writeFailed',
        details: { offset: 512, length: 4096, errno: 'EIO' },
      })
      await target.close()
    }))

  it('says which range a device failed to read back', () =>
    withLoop(async path => {
      const target = await openForced(path)
      // The device loses its second half.
      await truncate(image(), MiB)
      await expect(target.read(Buffer.alloc(4096), MiB + 65_536)).rejects.toMatchObject({
        code: 'target.writeFailed',
        details: { offset: MiB + 65_536, length: 4096, errno: 'EIO' },
      })
      await target.close()
    }))
})
