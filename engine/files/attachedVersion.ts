import { type FileHandle, open } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import type { ReadBytes } from '../versions/partition.ts'
import type { NbdAddress } from './address.ts'
import type { Attachment } from './attachment.ts'
import { type BaseDisk, hasDeviceMapper, makeLoop, makeThinDevice, makeVolumeDevice, sizeOf } from './devices.ts'
import { readSuperblockFacts } from './fileSystemFacts.ts'
import { attachFuseNbd, hasFuse } from './fuseNbd.ts'
import { attachKernelNbd, hasKernelNbd } from './kernelNbd.ts'
import { type FoundVolume, findVolumes, readHead } from './layout.ts'
import { unlockLuks } from './luks.ts'
import { mountInUserSpace, mountVolume } from './mountVolume.ts'
import { onePiece } from './segments.ts'

/** A volume, and what it is cut from: the version, or what was inside of an encrypted volume. */
export interface AttachedVolume extends FoundVolume {
  base: BaseDisk
}

export interface OpenVolume {
  /** Folder with its files. */
  root: string
  /** What people should know; null when there is nothing. */
  note: string | null
}

/**
 * A version whose bytes the kernel can see, and its volumes. What is on them is read through this very process when it is the server, too:
 * files on them are looked at by other programs, or one after the other, since Node has four threads for files and the server needs
 * some.
 */
export class AttachedVersion {
  readonly volumes: readonly AttachedVolume[]
  readonly #attachment: Attachment
  readonly #canMap: boolean
  readonly #opened = new Map<string, OpenVolume>()
  #mounts = 0

  private constructor(attachment: Attachment, volumes: readonly AttachedVolume[], canMap: boolean) {
    this.#attachment = attachment
    this.volumes = volumes
    this.#canMap = canMap
  }

  /**
   * Attaches what a server offers and looks what is on it. The caller ends the attachment, also when this fails. Fails with
   * config.invalid when neither the kernel's NBD nor FUSE can be had.
   */
  static async attach(attachment: Attachment, address: NbdAddress, signal?: AbortSignal): Promise<AttachedVersion> {
    const { system } = attachment
    const canMap = await hasDeviceMapper(system)
    const base = await attachBase(attachment, address, canMap, signal)
    const volumes = await volumesOf(attachment, base, {})
    return new AttachedVersion(attachment, volumes, canMap)
  }

  /** Opens an encrypted volume and finds what is inside. Fails with files.wrongPassphrase. */
  async unlock(volume: AttachedVolume, passphrase: string, signal?: AbortSignal): Promise<AttachedVolume[]> {
    if (!this.#attachment.system.isRoot) throw onlyRoot(volume)
    const height = this.#attachment.height
    try {
      const device = await unlockLuks(
        this.#attachment,
        { name: volume.name, device: await this.#deviceOf(volume) },
        passphrase,
        signal,
      )
      const base = { path: device, isDevice: true }
      return await volumesOf(this.#attachment, base, { prefix: `${volume.name}/`, wholeName: volume.name })
    } catch (error) {
      await this.#attachment.undo(height)
      throw error
    }
  }

  /** Makes the files of a volume visible, at a folder that the caller names or at one of its own; once for each. */
  async open(volume: AttachedVolume, at?: string, signal?: AbortSignal): Promise<OpenVolume> {
    const known = this.#opened.get(volume.name)
    if (known) return known
    if (volume.state !== 'ready') throw cannotOpen(volume)
    const height = this.#attachment.height
    try {
      const root = at ?? (await this.#attachment.makeFolder(`files-${++this.#mounts}`))
      const { note } = await this.#mount(volume, root, signal)
      const opened = { root, note }
      this.#opened.set(volume.name, opened)
      return opened
    } catch (error) {
      await this.#attachment.undo(height)
      throw error
    }
  }

  async #mount(volume: AttachedVolume, root: string, signal: AbortSignal | undefined) {
    const { name, place, base } = volume
    if (!this.#attachment.system.isRoot) {
      const piece = place.kind === 'segments' ? onePiece(place.segments) : null
      if (!piece) throw onlyRoot(volume)
      const kind = volume.kind ?? 'unknown'
      const { isDirty } = await withReader(base.path, read =>
        readSuperblockFacts(({ offset, length }) => read({ offset: piece.offset + offset, length }), kind),
      )
      const file = { name, kind, file: base.path, offset: piece.offset, isDirty }
      return await mountInUserSpace(this.#attachment, file, root, signal)
    }
    const device = await this.#deviceOf(volume)
    return await withReader(device, async read => {
      const kind = volume.kind ?? (await readHead(read, volume.sizeBytes))?.type
      if (kind === undefined) throw cannotOpen({ ...volume, why: 'No file system was found on it.' })
      const mountable = { name, kind, device, sizeBytes: volume.sizeBytes, read }
      return await mountVolume(this.#attachment, mountable, root, { canOverlay: this.#canMap, signal })
    })
  }

  async #deviceOf({ place, base, name, why }: AttachedVolume): Promise<string> {
    if (place.kind === 'segments') {
      return await makeVolumeDevice(this.#attachment, base, place.segments, this.#canMap)
    }
    if (place.kind === 'thin') return await makeThinDevice(this.#attachment, base, place, this.#canMap)
    throw cannotOpen({ name, why })
  }
}

async function attachBase(
  attachment: Attachment,
  address: NbdAddress,
  canMap: boolean,
  signal: AbortSignal | undefined,
): Promise<BaseDisk> {
  const { system } = attachment
  const hasNbd = await hasKernelNbd(system)
  const hasClient = hasNbd && (await system.find('nbd-client')) !== undefined
  if (hasClient) return { path: await attachKernelNbd(attachment, address, signal), isDevice: true }
  const hasFuseProgram = (await system.find('nbdfuse')) !== undefined
  if ((await hasFuse()) && (hasFuseProgram || !hasNbd)) {
    const file = await attachFuseNbd(attachment, address, signal)
    return canMap ? { path: await makeLoop(attachment, { file }), isDevice: true } : { path: file, isDevice: false }
  }
  throw new HoldfastError('config.invalid', 'A version can only be opened with NBD of the kernel or with FUSE.', {
    advice: hasNbd
      ? 'Install the package nbd-client: apt install nbd-client'
      : 'Load the kernel module nbd as root (modprobe nbd), or allow the use of /dev/fuse.',
    details: { kernelNbd: hasNbd, fuse: false },
  })
}

async function volumesOf(
  attachment: Attachment,
  base: BaseDisk,
  naming: { prefix?: string; wholeName?: string },
): Promise<AttachedVolume[]> {
  const sizeBytes = await sizeOf(attachment.system, base.path)
  const found = await withReader(base.path, read => findVolumes(read, sizeBytes, naming))
  return found.map(volume => ({ ...volume, base }))
}

/** Reads a device or file, one range after the other. */
async function withReader<T>(path: string, use: (read: ReadBytes) => Promise<T>): Promise<T> {
  const file: FileHandle = await open(path, 'r')
  try {
    return await use(async ({ offset, length }) => {
      const bytes = Buffer.alloc(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
        // Shorter than it said: the rest reads as zeros.
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes
    })
  } finally {
    await file.close()
  }
}

const onlyRoot = ({ name, kind }: Pick<FoundVolume, 'name' | 'kind'>) =>
  new HoldfastError('files.unsupported', `${name} can only be opened by the administrator.`, {
    advice: 'Run the same command with sudo, or open the version in the app.',
    details: { volume: name, kind },
  })

const cannotOpen = ({ name, why }: Pick<FoundVolume, 'name' | 'why'>) =>
  new HoldfastError('files.unsupported', `${name} cannot be opened. ${why ?? ''}`.trim(), {
    advice: '"holdfast files VERSION" lists the volumes.',
    details: { volume: name },
  })
