import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } }).trim()

/** A real block device over a file. */
export interface LoopDevice {
  /** '/dev/loop3'. */
  path: string
  /** 'loop3'. */
  name: string
  /** Adds the next partition (1, 2 …) over [offset, offset + length) and returns its path. */
  addPartition(offset: number, length: number): string
  /** Takes the device away; nothing may be mounted on it. */
  detach(): void
}

/** Attaches a file; the test detaches it. Options are those of losetup(8), such as '--read-only'. */
export function attachLoop(file: string, ...options: string[]): LoopDevice {
  const path = run('losetup', '--find', '--show', ...options, file)
  // A write protection that somebody has set with blockdev(8) outlives the device.
  if (!options.some(option => option === '--read-only' || option === '-r')) run('blockdev', '--setrw', path)
  // So does a partition, when the test that had added it was killed.
  for (const left of [1, 2]) if (existsSync(`${path}p${left}`)) run('delpart', path, String(left))
  let partitions = 0
  return {
    path,
    name: basename(path),
    addPartition(offset, length) {
      partitions++
      run('addpart', path, String(partitions), String(offset / 512), String(length / 512))
      return `${path}p${partitions}`
    },
    detach() {
      // Partitions would outlive the device.
      for (; partitions > 0; partitions--) run('delpart', path, String(partitions))
      run('losetup', '--detach', path)
    },
  }
}

/** Makes an ext4 file system on a file or device. */
export const makeFileSystem = (path: string) => run('mkfs.ext4', '-q', '-F', path)

/** Mounts a device at a folder that exists. Options are those of mount(8). */
export function mountAt(device: string, folder: string, options = 'rw'): () => void {
  run('mount', '-o', options, device, folder)
  return () => void run('umount', folder)
}

function tryLoop(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  try {
    const image = join(folder, 'image')
    writeFileSync(image, new Uint8Array(4 * 1024 * 1024))
    const loop = attachLoop(image)
    try {
      loop.addPartition(1024 * 1024, 1024 * 1024)
      makeFileSystem(`${loop.path}p1`)
      mountAt(`${loop.path}p1`, folder)()
    } finally {
      loop.detach()
    }
    return undefined
  } catch (error) {
    return (error as Error).message.trim()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Why loop devices, partitions on them or mounts cannot be had here; undefined when they can. */
export const noLoopDevices = tryLoop()
if (noLoopDevices !== undefined) console.warn(`Tests on block devices are skipped: ${noLoopDevices}`)
