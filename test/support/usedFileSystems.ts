import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { mountAt } from './loopDevice.ts'

export const runTool = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } })

/** How tests put files on a file system, and get them back. */
export interface Access {
  /** Writes files of these sizes under `folder` of the device, with content by `seed`. */
  write(device: string, folder: string, sizes: readonly number[], seed: number): void
  /** Removes every other file there. */
  thinOut(device: string, folder: string): void
  /** Hash of each file, by path. */
  hashes(device: string): Record<string, string>
  /** What it calls free, as df(1) shows it, in bytes. */
  freeBytes(device: string): number
}

/** A kind of file system whose free blocks are known, and the programs that make and judge it. */
export interface FileSystemCase {
  name: string
  /** As blkid calls it. */
  type: string
  sizeMiB: number
  make: readonly string[]
  /** Fails when something is wrong with the file system on the device, and changes nothing. */
  check: readonly string[]
  access: Access
}

const nameOf = (i: number) => `file-${String(i).padStart(3, '0')}`
const contentOf = (seed: number, i: number, bytes: number) =>
  Buffer.from(seededRandom(seed * 1000 + i + 1).bytes(bytes))
const everyOther = (names: readonly string[]) => [...names].sort().filter((_, i) => i % 2 === 0)
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** By a mount, at a folder beside the work. */
export function mounted(mountPoint: () => string, mount?: (device: string, folder: string) => () => void): Access {
  const within = <T>(device: string, readOnly: boolean, work: (root: string) => T): T => {
    mkdirSync(mountPoint(), { recursive: true })
    const unmount = mount ? mount(device, mountPoint()) : mountAt(device, mountPoint(), readOnly ? 'ro' : 'rw')
    try {
      return work(mountPoint())
    } finally {
      unmount()
    }
  }
  return {
    write: (device, folder, sizes, seed) =>
      within(device, false, root => {
        mkdirSync(join(root, folder), { recursive: true })
        for (const [i, bytes] of sizes.entries())
          writeFileSync(join(root, folder, nameOf(i)), contentOf(seed, i, bytes))
      }),
    thinOut: (device, folder) =>
      within(device, false, root => {
        for (const name of everyOther(readdirSync(join(root, folder)))) rmSync(join(root, folder, name))
      }),
    hashes: device =>
      within(device, true, root => {
        const found: Record<string, string> = {}
        for (const path of readdirSync(root, { recursive: true }) as string[]) {
          if (statSync(join(root, path)).isFile()) found[path] = hashOf(readFileSync(join(root, path)))
        }
        return found
      }),
    freeBytes: device =>
      within(device, true, root => {
        const { bfree, bsize } = statfsSync(root)
        return bfree * bsize
      }),
  }
}

/** By mtools, which needs no kernel that knows FAT. */
export function byMtools(workFolder: () => string): Access {
  const list = (device: string) =>
    runTool('mdir', '-i', device, '-/', '-b', '::/')
      .split('\n')
      .filter(path => path !== '' && !path.endsWith('/'))
  return {
    write: (device, folder, sizes, seed) => {
      runTool('mmd', '-i', device, `::/${folder}`)
      const one = join(workFolder(), 'one')
      sizes.forEach((bytes, i) => {
        writeFileSync(one, contentOf(seed, i, bytes))
        runTool('mcopy', '-i', device, one, `::/${folder}/${nameOf(i)}`)
      })
    },
    thinOut: (device, folder) => {
      const paths = list(device).filter(path => path.startsWith(`::/${folder}/`))
      for (const path of everyOther(paths)) runTool('mdel', '-i', device, path)
    },
    hashes: device =>
      Object.fromEntries(
        list(device).map(path => [
          path,
          hashOf(execFileSync('mtype', ['-i', device, path], { stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 })),
        ]),
      ),
    freeBytes: device => {
      const [, digits] = /([\d ]+) bytes free/.exec(runTool('mdir', '-i', device, '::/')) ?? []
      return Number(digits!.replaceAll(' ', ''))
    },
  }
}

/** A file of this size whose every byte is 0xa5: what is not written over shows. */
export function poisonedFile(path: string, sizeBytes: number): void {
  writeFileSync(path, '')
  const piece = Buffer.alloc(1024 * 1024, 0xa5)
  for (let at = 0; at < sizeBytes; at += piece.length) {
    writeFileSync(path, piece.subarray(0, Math.min(piece.length, sizeBytes - at)), { flag: 'a' })
  }
  truncateSync(path, sizeBytes)
}
