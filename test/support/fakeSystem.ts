import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemAccess } from '../../engine/base/linux/system.ts'
import type { PathIdentity } from '../../engine/base/linux/systemRecord.ts'

/** A made-up /sys, /proc and tree of paths, below a temporary folder, that reads like a real one. */
export class FakeSystem {
  readonly access: SystemAccess
  readonly #ids = new Map<string, string>()
  readonly #paths = new Map<string, PathIdentity>()
  #mountInfo = ''
  #swaps = 'Filename Type Size Used Priority\n'

  /** Makes a folder of its own in `parent`. */
  constructor(parent: string) {
    const folder = mkdtempSync(join(parent, 'system-'))
    this.access = {
      sysRoot: join(folder, 'sys'),
      procRoot: join(folder, 'proc'),
      identify: async path => this.#paths.get(path),
    }
    mkdirSync(join(folder, 'proc/self'), { recursive: true })
    mkdirSync(join(folder, 'sys/class/block'), { recursive: true })
  }

  /** A disk of 1 GiB and its partitions. */
  async addDisk(name: string, partitions: readonly string[]): Promise<void> {
    await this.addDevice(name)
    for (const partition of partitions) {
      await mkdir(join(this.access.sysRoot, 'class/block', name, partition))
      await this.addDevice(partition, { partition: true })
    }
  }

  async addDevice(
    name: string,
    options: {
      partition?: boolean
      raid?: boolean
      readOnly?: boolean
      slaves?: readonly string[]
      mapped?: readonly [name: string, uuid: string]
      backingFile?: string
    } = {},
  ): Promise<void> {
    const id = `8:${this.#ids.size}`
    this.#ids.set(name, id)
    const attributes: Record<string, string | undefined> = {
      dev: id,
      size: String(2 * 1024 * 1024),
      ro: options.readOnly ? '1' : '0',
      partition: options.partition ? '1' : undefined,
      'md/level': options.raid ? 'raid1' : undefined,
      'dm/name': options.mapped?.[0],
      'dm/uuid': options.mapped?.[1],
      'loop/backing_file': options.backingFile,
    }
    const folder = join(this.access.sysRoot, 'class/block', name)
    for (const part of ['', 'md', 'dm', 'loop', 'slaves']) await mkdir(join(folder, part), { recursive: true })
    for (const slave of options.slaves ?? []) await mkdir(join(folder, 'slaves', slave))
    for (const [attribute, value] of Object.entries(attributes)) {
      if (value !== undefined) await writeFile(join(folder, attribute), `${value}\n`)
    }
    this.#paths.set(`/dev/${name}`, {
      kind: 'device',
      realPath: `/dev/${name}`,
      fileSystemId: '0:6',
      inode: id,
      deviceId: id,
      sizeBytes: 0,
    })
  }

  async addBtrfs(members: readonly string[]): Promise<void> {
    for (const member of members) {
      await mkdir(join(this.access.sysRoot, 'fs/btrfs/some-uuid/devices', member), { recursive: true })
    }
  }

  mount(device: string, point: string, options = 'rw'): void {
    this.mountAnonymous(this.#idOf(device), point, 'ext4', `/dev/${device}`, options)
  }

  mountAnonymous(id: string, point: string, fileSystem: string, source: string, options = 'rw'): void {
    this.#mountInfo += `20 1 ${id} / ${point} rw - ${fileSystem} ${source} ${options}\n`
    writeFileSync(join(this.access.procRoot, 'self/mountinfo'), this.#mountInfo)
    this.addFolder(point, id)
  }

  addSwap(path: string): void {
    this.#swaps += `${path} partition 1 0 -2\n`
    writeFileSync(join(this.access.procRoot, 'swaps'), this.#swaps)
  }

  /** A file on the file system of a device, or on one with a number of its own. */
  addFile(path: string, deviceOrId: string, inode: string, sizeBytes = 0): void {
    const fileSystemId = this.#ids.get(deviceOrId) ?? deviceOrId
    this.#paths.set(path, { kind: 'file', realPath: path, fileSystemId, inode, deviceId: '0:0', sizeBytes })
  }

  addFolder(path: string, deviceOrId: string, realPath = path): void {
    const fileSystemId = this.#ids.get(deviceOrId) ?? deviceOrId
    this.#paths.set(path, { kind: 'folder', realPath, fileSystemId, inode: path, deviceId: '0:0', sizeBytes: 0 })
  }

  addOther(path: string): void {
    this.#paths.set(path, {
      kind: 'other',
      realPath: path,
      fileSystemId: '0:6',
      inode: path,
      deviceId: '0:0',
      sizeBytes: 0,
    })
  }

  #idOf(device: string): string {
    const id = this.#ids.get(device)
    if (id === undefined) throw new Error(`There is no ${device} in the fake system.`)
    return id
  }
}
