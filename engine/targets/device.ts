import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { DirectFile } from '../base/directFile.ts'
import { deviceSize } from '../base/linux/deviceFacts.ts'
import { deviceIdOf } from '../base/linux/system.ts'
import type { PathIdentity } from '../base/linux/systemRecord.ts'
import type { LinuxCalls } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import { accessFailed, checkInside, openFailed } from './errors.ts'
import type { Descriptors, Target } from './target.ts'
import { closeTarget, descriptorsOf, flushFile, type OpenTarget, readFully, writeFully, writeZeros } from './writer.ts'

/** Zeroing goes in steps of this size, so that other work on the same threads gets its turn. */
const zeroStepBytes = 128 * 1024 * 1024

/** A disk, partition or volume that is written over. */
export class DeviceTarget implements Target {
  readonly kind = 'device'
  readonly path: string
  readonly sizeBytes: number
  readonly startsZeroed = false
  readonly #open: OpenTarget
  readonly #sectorBytes: number
  readonly #calls: LinuxCalls

  private constructor(opened: OpenTarget, sizeBytes: number, sectorBytes: number, calls: LinuxCalls) {
    this.path = opened.path
    this.sizeBytes = sizeBytes
    this.#open = opened
    this.#sectorBytes = sectorBytes
    this.#calls = calls
  }

  /**
   * Opens a device of at least `sizeBytes` and claims it: until it is closed nobody can mount it or a partition of it. Fails
   * with `target.inUse` when somebody already did, `target.tooSmall`, `target.readOnly`, `target.notFound` or
   * `target.unsupported`. `identity` is that of the path; when the device open in the end is another one, the path was
   * exchanged meanwhile and it is `target.identityChanged`.
   */
  static async open(
    path: string,
    identity: PathIdentity,
    sizeBytes: number,
    calls: LinuxCalls,
    sysRoot: string,
  ): Promise<DeviceTarget> {
    try {
      const file = await open(path, constants.O_RDWR | constants.O_EXCL)
      try {
        await checkDevice(file, path, identity)
        const size = await deviceSize(file.fd, identity.deviceId, calls, sysRoot)
        checkSize(path, size, sizeBytes)
        if (calls.blockDeviceIsReadOnly(file.fd) === true) throw readOnly(path)
        const sector = calls.blockDeviceSectorSize(file.fd)
        const opened = { path, file, direct: await DirectFile.open(file) }
        return new DeviceTarget(opened, size, sector === 'unsupported' ? 4096 : sector, calls)
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      throw openFailed(error, path)
    }
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    checkInside(this.path, this.sizeBytes, offset, data.length)
    await writeFully(this.#open, data, offset)
  }

  descriptorsFor(offset: number, length: number): Descriptors {
    checkInside(this.path, this.sizeBytes, offset, length)
    return descriptorsOf(this.#open)
  }

  /**
   * Whole sectors are discarded where the device promises that they read as zeros afterwards, else zeroed by the device or
   * the kernel; what is left is written.
   */
  async zero(offset: number, length: number): Promise<void> {
    checkInside(this.path, this.sizeBytes, offset, length)
    const end = offset + length
    const first = Math.ceil(offset / this.#sectorBytes) * this.#sectorBytes
    const last = Math.floor(end / this.#sectorBytes) * this.#sectorBytes
    if (first >= last) return writeZeros(this.#open, offset, length)
    await writeZeros(this.#open, offset, first - offset)
    await writeZeros(this.#open, last, end - last)
    for (let at = first; at < last; at += zeroStepBytes) await this.#zeroSectors(at, Math.min(zeroStepBytes, last - at))
  }

  async #zeroSectors(offset: number, length: number): Promise<void> {
    try {
      const { fd } = this.#open.file
      // On a block device this is BLKDISCARD with the promise: it is refused where discarded sectors may read as anything.
      if ((await this.#calls.punchHole(fd, offset, length)) === 'done') return
      if ((await this.#calls.zeroBlockDevice(fd, offset, length)) === 'done') return
    } catch (error) {
      throw accessFailed(error, this.path, 'zeroed', { offset, length })
    }
    await writeZeros(this.#open, offset, length)
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return readFully(this.#open, buffer, offset)
  }

  flush(): Promise<void> {
    return flushFile(this.#open.file, this.path)
  }

  async forget(): Promise<void> {
    await this.#calls.forgetPages(this.#open.file.fd, 0, this.sizeBytes).catch(() => undefined)
  }

  async close(): Promise<void> {
    await closeTarget(this.#open)
  }
}

async function checkDevice(file: FileHandle, path: string, identity: PathIdentity): Promise<void> {
  const facts = await file.stat({ bigint: true })
  if (facts.isBlockDevice() && deviceIdOf(facts.rdev) === identity.deviceId) return
  throw new HoldfastError('target.identityChanged', `${path} is not the device any more that it was a moment ago.`, {
    advice: 'Check which disks are connected, and choose the target again.',
    details: { path, expected: identity.deviceId },
  })
}

function checkSize(path: string, size: number | undefined, wanted: number): asserts size is number {
  if (size === undefined) {
    throw new HoldfastError('target.unsupported', `The size of ${path} cannot be found out.`, {
      advice: 'Check that the device is a disk, a partition or a volume, and that /sys is mounted.',
      details: { path },
    })
  }
  if (size >= wanted) return
  throw new HoldfastError('target.tooSmall', `${path} holds ${size} bytes; ${wanted} are needed.`, {
    advice: 'Choose a larger disk or volume.',
    details: { path, sizeBytes: size, neededBytes: wanted },
  })
}

const readOnly = (path: string) =>
  new HoldfastError('target.readOnly', `${path} is write-protected.`, {
    advice: 'Remove the write protection, or choose another target.',
    details: { path },
  })
