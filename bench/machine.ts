import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** The machine that measured, in one line for a report. */
export async function describeMachine(workDir: string): Promise<string> {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB memory`
  const parts = [cpu, `${availableParallelism()} cores`, memory, await fileSystemOf(workDir), `Linux ${release()}`]
  return `${parts.join(', ')}; Node ${process.versions.node}`
}

/** Type of the file system that holds `path`: that of the longest mount point above it. */
async function fileSystemOf(path: string): Promise<string> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  let best = { at: '', type: 'unknown file system' }
  for (const line of mounts.split('\n')) {
    const [, at, type] = line.split(' ')
    if (at === undefined || type === undefined || at.length < best.at.length) continue
    if (at === '/' || path === at || path.startsWith(`${at}/`)) best = { at, type }
  }
  return best.type
}

/** Bytes that an ordinary person may still write in the file system of `path`. */
export async function freeBytes(path: string): Promise<number> {
  const info = await statfs(path)
  return info.bavail * info.bsize
}
