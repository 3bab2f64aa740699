import { type FileHandle, open } from 'node:fs/promises'
import { systemAccess } from '../../base/linux/system.ts'
import { linux } from '../../base/linux.ts'
import type { DriveDevice, DriveInventory } from '../../contract/drives.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { DiskPicture } from '../../contract/library.ts'
import { deviceById } from '../../drives/inventory.ts'
import { nodeOf } from '../../drives/mountPrograms.ts'
import { endsOfDevice } from '../../targets/deviceEnds.ts'
import { headBytes, identifyFileSystem, type LastMounted } from '../../versions/fileSystemHead.ts'
import { pictureOf } from '../pictures.ts'

/** What a device was when a person agreed to lose it: its serial and size, and what lay at both of its ends. */
export interface PlannedDevice {
  device: DriveDevice
  ends: string
}

/** Looks at a device as it is now. target.notFound when it cannot be read. */
export async function lookAtDevice(
  device: DriveDevice,
): Promise<{ ends: string; picture: DiskPicture; sectorBytes: number }> {
  return await reading(device, async file => {
    const { sizeBytes } = device
    const read = async ({ offset, length }: { offset: number; length: number }) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    }
    const asked = linux.blockDeviceSectorSize(file.fd)
    return {
      ends: await endsOfDevice(file, sizeBytes),
      picture: await pictureOf(read, sizeBytes),
      sectorBytes: asked === 'unsupported' ? 512 : asked,
    }
  })
}

/** Where and when the file system on a device was mounted last; null when it does not say, or cannot be read. */
export async function lastMountedOf(device: DriveDevice): Promise<LastMounted | null> {
  try {
    return await reading(device, async file => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
      return identifyFileSystem(buffer.subarray(0, bytesRead), device.sizeBytes)?.lastMounted ?? null
    })
  } catch {
    return null
  }
}

/**
 * The device of a plan as it is in the present inventory, once it has been found to be the same. `target.identityChanged` when
 * it is not, or is gone.
 */
export async function sameDevice({ device, ends }: PlannedDevice, inventory: DriveInventory): Promise<DriveDevice> {
  const present = deviceById(inventory, device.id)
  if (present === undefined) throw changed(device, 'is not connected any more, or another one is in its place')
  if (present.serial !== device.serial) throw changed(device, 'has another serial number now')
  if (present.sizeBytes !== device.sizeBytes) throw changed(device, 'has another size now')
  const now = await reading(present, file => endsOfDevice(file, present.sizeBytes))
  if (now !== ends) throw changed(device, 'holds something else now')
  return present
}

async function reading<T>(device: DriveDevice, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    const file = await open(await nodeOf(device, systemAccess), 'r')
    try {
      return await use(file)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new HoldfastError('target.notFound', `${device.path} cannot be read: ${code ?? String(error)}.`, {
      advice: 'Check that it is connected and holds a medium.',
      details: { device: device.id, errno: code },
      cause: error,
    })
  }
}

const changed = (device: DriveDevice, why: string) =>
  new HoldfastError('target.identityChanged', `${device.path} ${why}. Nothing was written.`, {
    advice: 'Check which disks are connected, and choose the target again.',
    details: { device: device.id },
  })
