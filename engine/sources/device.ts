import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { deviceSize } from '../base/linux/deviceFacts.ts'
import type { SystemAccess } from '../base/linux/system.ts'
import type { PathIdentity } from '../base/linux/systemRecord.ts'
import type { LinuxCalls } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import { type DeviceUse, judgeDevice, lookAtDeviceUse } from './deviceUse.ts'
import { createPageCachePolicy, type PageCachePolicy } from './pageCachePolicy.ts'
import { readSource } from './reader.ts'
import type { Consistency, Extent, Source } from './source.ts'

/** A disk, partition, volume or any other block device. The kernel does not tell which of its ranges are holes. */
export class DeviceSource implements Source {
  readonly kind = 'device'
  readonly path: string
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly knowsHoles = false
  readonly useAtOpen: DeviceUse
  readonly #file: FileHandle
  readonly #identity: PathIdentity
  readonly #access: SystemAccess
  readonly #cache: PageCachePolicy

  private constructor(
    path: string,
    file: FileHandle,
    sizeBytes: number,
    identity: PathIdentity,
    useAtOpen: DeviceUse,
    calls: LinuxCalls,
    access: SystemAccess,
  ) {
    this.path = path
    this.sizeBytes = sizeBytes
    const sector = calls.blockDeviceSectorSize(file.fd)
    this.sectorBytes = sector === 'unsupported' ? 512 : sector
    this.#file = file
    this.#identity = identity
    this.useAtOpen = useAtOpen
    this.#access = access
    this.#cache = createPageCachePolicy(file.fd, sizeBytes, calls)
  }

  /** Opens the device that `identity` describes. Errors of the system pass as they are; openSource translates them. */
  static async open(
    path: string,
    identity: PathIdentity,
    calls: LinuxCalls,
    access: SystemAccess,
  ): Promise<DeviceSource> {
    const file = await open(path, constants.O_RDONLY)
    try {
      const size = await deviceSize(file.fd, identity.deviceId, calls, access.sysRoot)
      if (size === undefined) {
        throw new HoldfastError('source.unsupported', `The size of ${path} cannot be found out.`, {
          advice: 'Check that the device is a disk, a partition or a volume, and that /sys is mounted.',
          details: { path },
        })
      }
      const use = await lookAtDeviceUse(file, identity, access)
      return new DeviceSource(path, file, size, identity, use, calls, access)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  *extents(from: number, to: number): Generator<Extent> {
    const end = Math.min(to, this.sizeBytes)
    if (from < end) yield { offset: from, length: end - from }
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return readSource(this.#file, this.path, buffer, offset, this.#cache)
  }

  async consistency(): Promise<Consistency> {
    return judgeDevice(this.useAtOpen, await lookAtDeviceUse(this.#file, this.#identity, this.#access))
  }

  async close(): Promise<void> {
    await this.#cache.finish()
    await this.#file.close()
  }
}
