import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readBlockDevices } from './blockDevices.ts'
import { parseMountInfo, parseSwaps } from './mounts.ts'
import { devicesUnder } from './systemGraph.ts'
import type { PathIdentity, System, SystemDevice } from './systemRecord.ts'

/** Where the facts come from. Tests put folders of their own in its place. */
export interface SystemAccess {
  /** Normally '/sys'. */
  sysRoot: string
  /** Normally '/proc'. */
  procRoot: string
  /** Undefined when nothing is there or it may not be looked at. */
  identify(path: string): Promise<PathIdentity | undefined>
}

/** linux/kdev_t.h as user space sees it (makedev(3)): 12 + 20 bits in a shuffled order. */
export function deviceIdOf(number: bigint): string {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn & 0xffffffffn)
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

async function identify(path: string): Promise<PathIdentity | undefined> {
  try {
    const realPath = await realpath(path)
    const facts = await stat(realPath, { bigint: true })
    const kind = facts.isFile() ? 'file' : facts.isBlockDevice() ? 'device' : facts.isDirectory() ? 'folder' : 'other'
    return {
      kind,
      realPath,
      fileSystemId: deviceIdOf(facts.dev),
      inode: String(facts.ino),
      deviceId: kind === 'device' ? deviceIdOf(facts.rdev) : '0:0',
      sizeBytes: kind === 'file' ? Number(facts.size) : 0,
    }
  } catch {
    return undefined
  }
}

/** The real thing. */
export const systemAccess: SystemAccess = { sysRoot: '/sys', procRoot: '/proc', identify }

/** Reads the present state. Never fails: what cannot be read is missing from the record. */
export async function readSystem(access: SystemAccess = systemAccess): Promise<System> {
  const read = (path: string) => readFile(join(access.procRoot, path), 'utf8').catch(() => '')
  const devices: SystemDevice[] = await readBlockDevices(access.sysRoot)
  const families = await btrfsFamilies(access.sysRoot)
  const byId = new Map(devices.map(device => [device.id, device.name]))

  const mounts = await Promise.all(
    parseMountInfo(await read('self/mountinfo')).map(async line => {
      const name = byId.get(line.deviceId) ?? (await deviceNamed(line.source, access, byId))
      if (name === undefined) return { ...line, devices: [] }
      return { ...line, devices: families.find(family => family.includes(name)) ?? [name] }
    }),
  )
  const swaps = await Promise.all(
    parseSwaps(await read('swaps')).map(async path => {
      const identity = await access.identify(path)
      return { path, identity, devices: identity === undefined ? [] : devicesUnder(identity, mounts, byId) }
    }),
  )
  for (const device of devices) {
    const identity = device.backingFile === undefined ? undefined : await access.identify(device.backingFile)
    if (identity === undefined) continue
    device.backingIdentity = identity
    device.restsOn.push(...devicesUnder(identity, mounts, byId))
  }
  return { devices, mounts, swaps }
}

/** Members of every mounted btrfs file system: mountinfo names just one of them. */
async function btrfsFamilies(sysRoot: string): Promise<string[][]> {
  const folder = join(sysRoot, 'fs/btrfs')
  const entries = await readdir(folder).catch(() => [])
  return Promise.all(entries.map(entry => readdir(join(folder, entry, 'devices')).catch(() => [])))
}

async function deviceNamed(source: string, access: SystemAccess, byId: ReadonlyMap<string, string>) {
  if (!source.startsWith('/')) return undefined
  return byId.get((await access.identify(source))?.deviceId ?? '')
}
