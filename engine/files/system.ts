import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type MountLine, parseMountInfo } from '../base/linux/mounts.ts'
import { findSystemProgram, type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'
import { HoldfastError } from '../contract/errors.ts'

/** The computer, as far as attaching goes. Tests bring their own. */
export interface FilesSystem {
  run: RunSystemProgram
  /** Absolute path of a program of the system; undefined when there is none. */
  find(program: string): Promise<string | undefined>
  isRoot: boolean
}

export const filesSystem: FilesSystem = {
  run: runSystemProgram,
  find: findSystemProgram,
  isRoot: process.getuid?.() === 0,
}

/** Debian's packages of the programs that are used here. */
const packages: Record<string, string> = {
  'nbd-client': 'nbd-client',
  nbdfuse: 'libnbd-bin',
  fusermount3: 'fuse3',
  fuse2fs: 'fuse2fs',
  dmsetup: 'dmsetup',
  cryptsetup: 'cryptsetup-bin',
  btrfs: 'btrfs-progs',
  btrfstune: 'btrfs-progs',
  losetup: 'mount',
  mount: 'mount',
  find: 'findutils',
  cp: 'coreutils',
}

/** Fails with config.invalid, naming the package, unless the program is there. */
export async function needProgram(system: FilesSystem, program: string, whatFor: string): Promise<string> {
  const path = await system.find(program)
  if (path !== undefined) return path
  const name = packages[program] ?? program
  throw new HoldfastError('config.invalid', `${program} is needed to ${whatFor} and is not installed.`, {
    advice: `Install the package ${name}: apt install ${name}`,
    details: { program, package: name },
  })
}

export async function mountLines(): Promise<MountLine[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** What is mounted there last, which is what one sees. */
export async function mountAt(mountPoint: string): Promise<MountLine | undefined> {
  return (await mountLines()).findLast(line => line.mountPoint === mountPoint)
}

/** A small file below /sys or /proc; empty when it is not there. */
export const readSmall = async (path: string): Promise<string> =>
  (await readFile(path, 'latin1').catch(() => '')).trim()

/** Loop devices over a file: path of the device and offset in bytes. */
export async function loopsOver(file: string): Promise<{ device: string; offset: number }[]> {
  const names = (await readdir('/sys/block').catch(() => [])).filter(name => /^loop\d+$/.test(name))
  const found: { device: string; offset: number }[] = []
  for (const name of names) {
    const folder = join('/sys/block', name, 'loop')
    // The kernel says so when the file was removed since.
    const backing = (await readSmall(join(folder, 'backing_file'))).replace(/ \(deleted\)$/, '')
    if (backing === file)
      found.push({ device: `/dev/${name}`, offset: Number(await readSmall(join(folder, 'offset'))) })
  }
  return found
}

/**
 * For programs that use libdevmapper: it makes the nodes itself. Nobody shall look at our devices, so there is nothing to wait for udev with,
 * and in containers it would never answer.
 */
export const withoutUdev = { DM_DISABLE_UDEV: '1' }
