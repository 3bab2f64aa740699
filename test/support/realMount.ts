import { execFile } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A small file system of its own, for tests that need a disk to be full, read-only or unmounted. */
export interface RealMount {
  path: string
  /** Calls mount(8) with these options, such as remount,ro. */
  remount(options: string): Promise<void>
  /** Fails while something is in use there. */
  unmount(): Promise<void>
  /** Takes it away at once, as when a cable is pulled and the desktop cleans up; also when it is not mounted. */
  detach(): Promise<void>
}

/**
 * Mounts a new file system of 8 MiB (tmpfs) or 16 MiB (ext4 in the file `path`.img) at `path`, which is created. Returns
 * the reason as text where that is not permitted or the tools are missing.
 */
export async function tryMount(kind: 'tmpfs' | 'ext4', path: string): Promise<RealMount | string> {
  await mkdir(path)
  try {
    if (kind === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'holdfast-test', path])
    else {
      const image = await open(`${path}.img`, 'w')
      await image.truncate(16 * 1024 * 1024)
      await image.close()
      await run('mkfs.ext4', ['-q', '-F', '-m', '0', `${path}.img`])
      await run('mount', ['-o', 'loop', `${path}.img`, path])
    }
  } catch (error) {
    return `cannot mount ${kind} here: ${error instanceof Error ? error.message.trim() : error}`
  }
  return {
    path,
    remount: async options => {
      await run('mount', ['-o', options, path])
    },
    unmount: async () => {
      await run('umount', [path])
    },
    detach: async () => {
      await run('umount', ['-l', path]).catch(() => undefined)
    },
  }
}
