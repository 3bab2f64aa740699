import { constants } from 'node:fs'
import { open, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LinuxCalls } from '../linux.ts'
import { deviceIdOf } from './system.ts'

/** Capacity of an open block device in bytes: asked of it, else of sysfs; undefined when neither knows. */
export async function deviceSize(
  fd: number,
  deviceId: string,
  calls: LinuxCalls,
  sysRoot: string,
): Promise<number | undefined> {
  const asked = calls.blockDeviceSize(fd)
  if (asked !== 'unsupported') return asked
  try {
    const sectors = Number(await readFile(join(sysRoot, 'dev/block', deviceId, 'size'), 'utf8'))
    return Number.isSafeInteger(sectors) ? sectors * 512 : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether somebody holds a block device exclusively: opening it exclusively fails with EBUSY then (open(2), O_EXCL without
 * O_CREAT). The kernel also counts claims on the partitions of a disk, and on the disk of a partition.
 */
export async function isClaimed(path: string): Promise<boolean> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_EXCL)
    await handle.close()
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBUSY'
  }
}

/**
 * Sectors written to and discarded on a device since it appeared (fields 7 and 14 of the kernel's
 * Documentation/block/stat.rst); undefined when the system does not count.
 */
export async function writtenSectors(deviceId: string, sysRoot: string): Promise<number | undefined> {
  try {
    const text = await readFile(join(sysRoot, 'dev/block', deviceId, 'stat'), 'utf8')
    const fields = text.trim().split(/\s+/).map(Number)
    return (fields[6] ?? 0) + (fields[13] ?? 0)
  } catch {
    return undefined
  }
}

/**
 * Whether a process has a block device open for writing, under whatever name: a virtual machine, a database. What the kernel itself
 * does with it (a mount, a volume manager) is no process. Those of other users show only to root.
 */
export async function isOpenForWriting(deviceId: string, procRoot: string): Promise<boolean> {
  const pids = (await readdir(procRoot).catch(() => [])).filter(name => /^\d+$/.test(name))
  for (const pid of pids) {
    const folder = join(procRoot, pid)
    for (const fd of await readdir(join(folder, 'fd')).catch(() => [])) {
      const link = join(folder, 'fd', fd)
      // Only of what lies below /dev: to look at a file may wait for a server for ever.
      if (!(await readlink(link).catch(() => '')).startsWith('/dev/')) continue
      const facts = await stat(link, { bigint: true }).catch(() => undefined)
      if (!facts?.isBlockDevice() || deviceIdOf(facts.rdev) !== deviceId) continue
      const text = await readFile(join(folder, 'fdinfo', fd), 'utf8').catch(() => '')
      const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(text)?.[1] ?? '0', 8)
      if ((flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0) return true
    }
  }
  return false
}
