import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { devicePath, devicesOf } from '../base/linux/systemGraph.ts'
import type { SystemDevice } from '../base/linux/systemRecord.ts'
import type { RecipeDisk } from '../contract/recipe.ts'
import { type Gatherer, headerFolder, mostTextBytes } from './gatherer.ts'
import type { Machine } from './machine.ts'
import {
  type GroupFound,
  groupsOf,
  type LvmReports,
  lvmColumns,
  lvmReports,
  type Probe,
  parseDisks,
  parseProbes,
  parseTable,
} from './reports.ts'
import { type Surroundings, surroundingsOf } from './surroundings.ts'

/** A LUKS2 header has 16 MiB unless somebody wanted another. */
const mostHeaderBytes = 32 * 1024 * 1024
/** More devices on the disks of one machine are not looked at one by one. */
const mostDevices = 512
/** Volumes that are there for the backup alone, by the names that it gives them. */
const ownSnapshot = /-holdfast_[A-Za-z0-9_]{1,60}$/

/** Holds neither file systems nor swap. */
const containers = new Set(['crypto_LUKS', 'LVM2_member', 'linux_raid_member', 'isw_raid_member', 'ddf_raid_member'])

/**
 * Gathers what is needed to rebuild the machine around a device: see docs/rebuild.md. It reads only. What cannot be had is a
 * note; only the end of `machine.signal` ends it early, with whatever was gathered until then.
 */
export async function collect(path: string, machine: Machine, gatherer: Gatherer): Promise<void> {
  await new Collection(machine, gatherer).run(path)
}

class Collection {
  readonly #machine: Machine
  readonly #gatherer: Gatherer

  constructor(machine: Machine, gatherer: Gatherer) {
    this.#machine = machine
    this.#gatherer = gatherer
  }

  async run(path: string): Promise<void> {
    await this.#settings()
    const system = await this.#machine.readSystem()
    const identity = await this.#machine.identify(path)
    const name = identity && devicesOf(system, identity)[0]
    if (name === undefined) return this.#gatherer.note(`The system does not know what ${path} lies on.`)
    let around = surroundingsOf(system, name)
    let probes = await this.#probe(around.devices)
    let groups: GroupFound[] = []
    if ([...probes.values()].some(({ TYPE }) => TYPE === 'LVM2_member')) {
      const all = await this.#groups()
      const memberIds = all.map(group => group.memberIds)
      const whole = surroundingsOf(system, name, memberIds)
      if (whole.devices.length > around.devices.length) probes = await this.#probe(whole.devices)
      around = whole
      const ids = new Set(around.devices.map(({ id }) => id))
      groups = all.filter(group => group.memberIds.some(id => ids.has(id)))
    }
    this.#fileSystems(around, probes)
    await this.#disks(around, probes)
    await this.#keepGroups(groups)
    if (around.devices.some(({ kind }) => kind === 'raid')) await this.#arrays()
    await this.#headers(around, probes)
  }

  /** What the running system says of itself. */
  async #settings(): Promise<void> {
    const { recipe } = this.#gatherer
    for (const name of ['fstab', 'crypttab'] as const) recipe[name] = await this.#etcFile(name)
    const release = await this.#etcFile('os-release')
    recipe.computer.system = /^PRETTY_NAME="?([^"\n]*)/m.exec(release ?? '')?.[1] ?? null
    if (recipe.computer.boot === 'efi') {
      const said = await this.#said('efibootmgr', ['-v'], 'What the firmware boots')
      if (said !== undefined) this.#gatherer.add('', 'efibootmgr.txt', 'What the firmware boots', said)
    }
  }

  /** Keeps a file of /etc, and gives its text when everybody may read it. */
  async #etcFile(name: string): Promise<string | null> {
    const path = join(this.#machine.etc, name)
    try {
      const facts = await stat(path)
      if (facts.size > mostTextBytes) {
        this.#gatherer.note(`${path} is left out: it is too big.`)
        return null
      }
      const text = await readFile(path, 'utf8')
      this.#gatherer.add('etc/', name, path, text)
      // Others may look at versions than those who may read this file.
      if ((facts.mode & 0o004) !== 0) return text
      this.#gatherer.note(`${path} is kept and not shown, since not everybody may read it.`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') this.#gatherer.note(`${path} cannot be read: ${code}.`)
    }
    return null
  }

  async #probe(devices: readonly SystemDevice[]): Promise<Map<string, Probe>> {
    if (devices.length > mostDevices) this.#gatherer.note(`Only the first ${mostDevices} devices were looked at.`)
    const probes = new Map<string, Probe>()
    for (const path of devices.slice(0, mostDevices).map(devicePath)) {
      // One at a time: with several, it ends at the first one that has nothing on it. blkid(8): 2 when that is so, 8 when it is not clear.
      const said = await this.#said('blkid', ['-p', '-o', 'export', path], `What is on ${path}`, [0, 2, 8])
      if (said === undefined && probes.size === 0) break
      for (const [name, probe] of parseProbes(said ?? '')) probes.set(name, probe)
    }
    return probes
  }

  #fileSystems({ devices }: Surroundings, probes: ReadonlyMap<string, Probe>): void {
    for (const device of devices) {
      const path = devicePath(device)
      const { TYPE: type, UUID: uuid = null, LABEL: label = null } = probes.get(path) ?? {}
      if (type === undefined || containers.has(type) || ownSnapshot.test(path)) continue
      this.#gatherer.recipe.fileSystems.push({ path, type, uuid, label, sizeBytes: device.sizeBytes })
    }
    const text = [...probes.values()]
      .map(probe =>
        Object.entries(probe)
          .map(([key, value]) => `${key}=${value}\n`)
          .join(''),
      )
      .join('\n')
    if (text !== '') this.#gatherer.add('', 'blkid.txt', 'What is on the devices', text)
  }

  async #disks({ disks }: Surroundings, probes: ReadonlyMap<string, Probe>): Promise<void> {
    const paths = disks.map(devicePath)
    const columns = 'NAME,PATH,TYPE,SIZE,LOG-SEC,PHY-SEC,MODEL,SERIAL,WWN,TRAN,FSTYPE,LABEL,UUID,MOUNTPOINT'
    const listed = await this.#said('lsblk', ['--json', '--bytes', '-o', columns, ...paths], 'The list of devices')
    if (listed !== undefined) this.#gatherer.add('', 'lsblk.json', 'The list of devices', listed)
    const known = parseDisks(listed ?? '')
    for (const disk of disks) {
      const path = devicePath(disk)
      const { model = null, serial = null } = known.get(path) ?? {}
      const nothing = { table: null, tableId: null, sectorBytes: null, partitions: [] }
      const table = probes.get(path)?.PTTYPE === undefined ? undefined : await this.#table(path, disk.name)
      this.#gatherer.recipe.disks.push({ path, sizeBytes: disk.sizeBytes, model, serial, ...(table ?? nothing) })
    }
  }

  async #table(
    path: string,
    name: string,
  ): Promise<Omit<RecipeDisk, 'path' | 'sizeBytes' | 'model' | 'serial'> | undefined> {
    const what = `The partition table of ${path}`
    const dump = await this.#said('sfdisk', ['--dump', path], what)
    if (dump === undefined) return undefined
    this.#gatherer.add('disks/', `${name}.sfdisk`, what, dump)
    const said = await this.#said('sfdisk', ['--json', path], what)
    const table = said === undefined ? undefined : parseTable(said)
    if (said !== undefined && table === undefined) this.#gatherer.note(`${what} is kept and not understood.`)
    return table
  }

  async #groups(): Promise<GroupFound[]> {
    const reports: LvmReports = { pvs: [], vgs: [], lvs: [] }
    for (const report of ['pvs', 'vgs', 'lvs'] as const) {
      const what = `What ${report} says of LVM`
      const args = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '-o', lvmColumns[report]]
      const said = await this.#said(report, args, what)
      if (said === undefined) continue
      this.#gatherer.add('lvm/', `${report}.json`, what, said)
      const rows = lvmReports[report](said)
      if (rows) Object.assign(reports, { [report]: rows })
      else this.#gatherer.note(`${what} is not understood.`)
    }
    return groupsOf(reports)
  }

  async #keepGroups(groups: readonly GroupFound[]): Promise<void> {
    for (const { name, group } of groups) {
      this.#gatherer.recipe.groups.push(group)
      const what = `The description of volume group ${name}`
      await this.#written(
        what,
        file => ['vgcfgbackup', ['--quiet', '--file', file, name]],
        bytes => {
          this.#gatherer.add('lvm/', `${name}.vgcfg`, what, bytes)
        },
      )
    }
  }

  async #arrays(): Promise<void> {
    const said = await this.#said('mdadm', ['--detail', '--scan'], 'What RAID arrays there are')
    if (said === undefined) return
    this.#gatherer.add('', 'mdadm.conf', 'What RAID arrays there are', said)
    this.#gatherer.recipe.arrays = said.split('\n').filter(line => line !== '')
  }

  async #headers({ devices }: Surroundings, probes: ReadonlyMap<string, Probe>): Promise<void> {
    for (const device of devices) {
      const path = devicePath(device)
      const probe = probes.get(path)
      if (probe?.TYPE !== 'crypto_LUKS') continue
      const { UUID: uuid = null, VERSION: version = null } = probe
      const found = { path, uuid, version, headerBytes: null as number | null }
      this.#gatherer.recipe.encrypted.push(found)
      const what = `The LUKS header of ${path}`
      await this.#written(
        what,
        file => ['cryptsetup', ['luksHeaderBackup', '--batch-mode', path, '--header-backup-file', file]],
        bytes => {
          const name = `${uuid ?? device.name}.header`
          if (this.#gatherer.add(headerFolder, name, what, bytes, mostHeaderBytes)) found.headerBytes = bytes.length
        },
      )
    }
  }

  /** What a program prints; undefined, and a note, when it fails. */
  async #said(
    program: string,
    args: readonly string[],
    what: string,
    expectedExitCodes: readonly number[] = [0],
  ): Promise<string | undefined> {
    try {
      return (await this.#machine.run(program, args, { expectedExitCodes })).toString('utf8')
    } catch (error) {
      this.#failed(what, error)
      return undefined
    }
  }

  /** What a program writes into a file that only we can read, and that is gone afterwards. */
  async #written(
    what: string,
    command: (file: string) => [program: string, args: string[]],
    take: (bytes: Buffer) => void,
  ): Promise<void> {
    try {
      take(
        await this.#machine.withPrivateFile(async file => {
          await this.#machine.run(...command(file), { expectedExitCodes: [0] })
          // cryptsetup takes the right to write it from its owner, which stands in nobody's way but that of tools.
          await chmod(file, 0o600)
          const { size } = await stat(file)
          if (size > mostHeaderBytes) throw new Error(`it has ${size} bytes, which is too much`)
          return await readFile(file)
        }),
      )
    } catch (error) {
      this.#failed(what, error)
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.#machine.signal.aborted) return
    const why = error instanceof Error ? error.message : String(error)
    this.#gatherer.note(`${what} is missing: ${why.slice(0, 500)}`)
  }
}
