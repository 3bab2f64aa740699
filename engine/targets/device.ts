import { constants, existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { DirectFile } from '../base/directFile.ts'
import { deviceSize } from '../base/linux/deviceFacts.ts'
import { deviceIdOf } from '../base/linux/system.ts'
import type { PathIdentity } from '../base/linux/systemRecord.ts'
import type { LinuxCalls } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import { endsOfDevice } from './deviceEnds.ts'
import { accessFailed, checkInside, deviceLeft, openFailed } from './errors.ts'
import type { Descriptors, Target } from './target.ts'
import { closeTarget, descriptorsOf, flushFile, type OpenTarget, readFully, writeFully, writeZeros } from './writer.ts'

/** Zeroing goes in steps of this size, so that other work on the same threads gets its turn. */
const zeroStepBytes = 128 * 1024 * 1024

/** Whoever looks at the partitions of a new table, as udev does, keeps them in use for a moment. */
const busyTries = 20
const busyWaitMs = 250

/** A device that is being unplugged is gone within this time. */
const goneLooks = 10
const goneWaitMs = 100

/** What a device was when somebody agreed to lose it. */
export interface ExpectedDevice {
  sizeBytes: number
  /** As endsOfDevice gave it. */
  ends: string
}

export interface DeviceOptions {
  /** It needs room for so many bytes. */
  sizeBytes: number
  /** It must still be what it was then. */
  expect?: ExpectedDevice
  /** All of it reads as zeros: a volume that was just made and knows so. */
  startsZeroed?: boolean
  calls: LinuxCalls
  sysRoot: string
  clock?: Clock
}

/** A disk, partition or volume that is written over. */
export class DeviceTarget implements Target {
  readonly kind = 'device'
  readonly path: string
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly startsZeroed: boolean
  readonly #open: OpenTarget
  readonly #calls: LinuxCalls
  readonly #clock: Clock
  /** Is there as long as the device is. */
  readonly #presence: string

  private constructor(
    opened: OpenTarget,
    { deviceId }: PathIdentity,
    sizeBytes: number,
    sectorBytes: number,
    options: DeviceOptions,
  ) {
    this.path = opened.path
    this.sizeBytes = sizeBytes
    this.sectorBytes = sectorBytes
    this.startsZeroed = options.startsZeroed ?? false
    this.#open = opened
    this.#calls = options.calls
    this.#clock = options.clock ?? systemClock
    this.#presence = join(options.sysRoot, 'dev/block', deviceId)
  }

  /**
   * Opens a device of at least `sizeBytes` and claims it: until it is closed nobody can mount it or a partition of it. Fails
   * with `target.inUse` when somebody already did, `target.tooSmall`, `target.readOnly`, `target.notFound` or
   * `target.unsupported`. `identity` is that of the path; when the device open in the end is another one, the path was
   * exchanged meanwhile and it is `target.identityChanged`, as it is when it is not what was expected.
   */
  static async open(path: string, identity: PathIdentity, options: DeviceOptions): Promise<DeviceTarget> {
    const { sizeBytes, expect, calls, sysRoot } = options
    try {
      const file = await open(path, constants.O_RDWR | constants.O_EXCL)
      try {
        await checkDevice(file, path, identity)
        const size = await deviceSize(file.fd, identity.deviceId, calls, sysRoot)
        checkSize(path, size, sizeBytes)
        if (calls.blockDeviceIsReadOnly(file.fd) === true) throw readOnly(path)
        const sector = calls.blockDeviceSectorSize(file.fd)
        // Nobody else can write to it any more.
        if (expect) await checkExpected(file, path, size, expect, calls)
        const opened = { path, file, direct: await DirectFile.open(file) }
        return new DeviceTarget(opened, identity, size, sector === 'unsupported' ? 4096 : sector, options)
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
    await this.#present(writeFully(this.#open, data, offset))
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
    await this.#present(this.#zero(offset, length))
  }

  async #zero(offset: number, length: number): Promise<void> {
    const end = offset + length
    const first = Math.ceil(offset / this.sectorBytes) * this.sectorBytes
    const last = Math.floor(end / this.sectorBytes) * this.sectorBytes
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
    return this.#present(readFully(this.#open, buffer, offset))
  }

  flush(): Promise<void> {
    return this.#present(flushFile(this.#open.file, this.path))
  }

  async forget(): Promise<void> {
    await this.#calls.forgetPages(this.#open.file.fd, 0, this.sizeBytes).catch(() => undefined)
  }

  /** Tells a failure of a disk from that of one that is not there any more. */
  async #present<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      // The first requests fail before the system has taken note.
      for (let looks = 0; existsSync(this.#presence); looks++) {
        if (looks === goneLooks) throw error
        await this.#clock.sleep(goneWaitMs)
      }
      throw deviceLeft(this.path, error)
    }
  }

  async readPartitions(): Promise<'done' | 'busy' | 'none'> {
    for (let tries = 1; ; tries++) {
      const answer = this.#calls.readPartitionTable(this.#open.file.fd)
      if (answer === 'unsupported') return 'none'
      if (answer === 'done' || tries === busyTries) return answer
      await this.#clock.sleep(busyWaitMs)
    }
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

async function checkExpected(
  file: FileHandle,
  path: string,
  size: number,
  { sizeBytes, ends }: ExpectedDevice,
  calls: LinuxCalls,
): Promise<void> {
  const why =
    size !== sizeBytes
      ? 'has another size now'
      : (await endsOfDevice(file, size, calls)) === ends
        ? undefined
        : 'holds something else now'
  if (why === undefined) return
  throw new HoldfastError('target.identityChanged', `${path} ${why}. Nothing was written.`, {
    advice: 'Check which disks are connected, and choose the target again.',
    details: { path },
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
