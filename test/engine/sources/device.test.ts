import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLinuxCalls } from '../../../engine/base/linux.ts'
import { type DeviceUse, judgeDevice } from '../../../engine/sources/deviceUse.ts'
import { openSource } from '../../../engine/sources/open.ts'
import { describeSource } from '../../suites/sourceSuite.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

const idle: DeviceUse = { writableMounts: [], claimed: false, onlyReadOnlyMounts: false, writtenSectors: 100 }

describe('what a device was read as', () => {
  it('is consistent when nobody holds it and nothing was written', () => {
    expect(judgeDevice(idle, idle)).toBe('consistent')
  })

  it('is consistent when it is only mounted read-only', () => {
    const mounted = { ...idle, claimed: true, onlyReadOnlyMounts: true }
    expect(judgeDevice(mounted, mounted)).toBe('consistent')
  })

  it.each<[string, Partial<DeviceUse>]>([
    ['it is mounted for writing', { writableMounts: ['/data'], claimed: true }],
    ['somebody holds it', { claimed: true }],
    ['something was written', { writtenSectors: 108 }],
    ['writes cannot be counted', { writtenSectors: undefined }],
  ])('is in use when %s at one of the two moments', (_, use) => {
    expect(judgeDevice(idle, { ...idle, ...use })).toBe('read-while-in-use')
    expect(judgeDevice({ ...idle, ...use }, idle)).toBe('read-while-in-use')
  })

  it('is in use when writes could not be counted at either moment', () => {
    const blind = { ...idle, writtenSectors: undefined }
    expect(judgeDevice(blind, blind)).toBe('read-while-in-use')
  })
})

describe.skipIf(noLoopDevices)('on block devices', () => {
  const content = () => {
    const bytes = Buffer.alloc(4 * MiB)
    bytes.fill('data', MiB, 2 * MiB)
    bytes.fill('end', 4 * MiB - 100)
    return bytes
  }
  const attach = async (...options: string[]) => {
    const image = join(folder.path, 'image')
    await writeFile(image, content(), { flag: 'wx' })
    return attachLoop(image, ...options)
  }
  const writeTo = (path: string) => async () => {
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(4096), 0, 4096, 3 * MiB)
    await file.close()
  }

  for (const [name, calls] of [
    ['loop device', createLinuxCalls()],
    ['loop device without the native module', createLinuxCalls(() => undefined)],
  ] as const) {
    describeSource(name, async () => {
      const loop = await attach()
      return {
        source: await openSource(loop.path, { calls }),
        bytes: content(),
        change: writeTo(loop.path),
        cleanUp: async () => loop.detach(),
      }
    })
  }

  it('knows the sector size of a device with sectors of 4096 bytes', async () => {
    const loop = await attach('--sector-size', '4096')
    try {
      const source = await openSource(loop.path)
      expect([source.kind, source.sectorBytes, source.sizeBytes]).toEqual(['device', 4096, 4 * MiB])
      await source.close()
    } finally {
      loop.detach()
    }
  })

  it.each([
    ['rw', 'read-while-in-use'],
    ['ro', 'consistent'],
  ])('knows that a partition of it is mounted %s', async (options, expected) => {
    const loop = await attach()
    await mkdir(join(folder.path, 'mount'))
    let unmount = () => {}
    try {
      const partition = loop.addPartition(MiB, 2 * MiB)
      makeFileSystem(partition)
      unmount = mountAt(partition, join(folder.path, 'mount'), options)
      for (const path of [loop.path, partition]) {
        const source = await openSource(path)
        expect(await source.consistency()).toBe(expected)
        await source.close()
      }
    } finally {
      unmount()
      loop.detach()
    }
  })

  it('says which range the device failed to read, and reads the others', async () => {
    const loop = await attach()
    try {
      const source = await openSource(loop.path)
      // The device loses its second half.
      await truncate(join(folder.path, 'image'), 2 * MiB)
      await expect(source.read(Buffer.alloc(8192), 3 * MiB)).rejects.toMatchObject({
        code: 'source.readFailed',
        details: { offset: 3 * MiB, length: 8192, errno: 'EIO', path: loop.path },
      })
      const buffer = Buffer.alloc(MiB)
      expect(await source.read(buffer, MiB)).toBe(MiB)
      expect(buffer.equals(content().subarray(MiB, 2 * MiB))).toBe(true)
      await source.close()
    } finally {
      loop.detach()
    }
  })

  it('is in use when another program holds the device without a mount', async () => {
    const loop = await attach()
    const { O_RDONLY, O_EXCL } = (await import('node:fs')).constants
    const holder = await open(loop.path, O_RDONLY | O_EXCL)
    try {
      const source = await openSource(loop.path)
      expect(await source.consistency()).toBe('read-while-in-use')
      await source.close()
    } finally {
      await holder.close()
      loop.detach()
    }
  })
})
