import { spawn } from 'node:child_process'
import { lstat, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TreeUsage, watchTree } from './procSampler.ts'
import type { Invocation } from './tool.ts'

/** What one run of a program took. */
export interface Measured extends TreeUsage {
  seconds: number
  stdout: string
}

const gnuTime = '/usr/bin/time'

/** Runs a program to its end and measures it, with GNU time where it is installed. Throws when it exits with anything but 0. */
export async function measure(invocation: Invocation, signal?: AbortSignal): Promise<Measured> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-bench-time-'))
  const report = join(dir, 'report')
  try {
    const byTime = await lstat(gnuTime).then(
      () => true,
      () => false,
    )
    const argv = byTime ? [gnuTime, '-v', '-o', report, '--', ...invocation.argv] : invocation.argv
    const run = await runToEnd(argv, invocation, byTime, signal)
    const usage = byTime ? parseTimeReport(await readFile(report, 'utf8')) : run.sampled
    return { seconds: run.seconds, stdout: run.stdout, ...usage }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

interface Run {
  seconds: number
  stdout: string
  sampled: TreeUsage
}

function runToEnd(argv: string[], invocation: Invocation, byTime: boolean, signal?: AbortSignal): Promise<Run> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...invocation.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group, so that stopping reaches the measured program behind GNU time as well.
      detached: true,
      ...(invocation.cwd ? { cwd: invocation.cwd } : {}),
    })
    const kill = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    }
    if (signal?.aborted) kill()
    signal?.addEventListener('abort', kill, { once: true })
    const stop = byTime || child.pid === undefined ? () => ({ cpuSeconds: 0, peakBytes: 0 }) : watchTree(child.pid)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2000)
    })
    child.on('error', error => {
      stop()
      reject(error)
    })
    child.on('close', (code, killedBy) => {
      const seconds = (performance.now() - started) / 1000
      const sampled = stop()
      signal?.removeEventListener('abort', kill)
      if (code === 0) resolve({ seconds, stdout, sampled })
      else reject(new Error(`${invocation.argv.join(' ')} ended with ${code ?? killedBy}: ${stderr.trim()}`))
    })
  })
}

/** Reads the figures out of what GNU time writes with -v. Its peak is that of the largest process of the tree. */
export function parseTimeReport(text: string): TreeUsage {
  const field = (name: string): number => {
    const found = new RegExp(`${name}: ([\\d.]+)`).exec(text)
    if (!found) throw new Error(`GNU time did not report "${name}".`)
    return Number(found[1])
  }
  return {
    cpuSeconds: field('User time \\(seconds\\)') + field('System time \\(seconds\\)'),
    peakBytes: field('Maximum resident set size \\(kbytes\\)') * 1024,
  }
}

/** Reads a file, or every file below a folder, so that the kernel has it in memory before the next measured step. */
export async function warm(path: string): Promise<void> {
  const buffer = Buffer.alloc(4 * 1024 ** 2)
  for (const file of await filesBelow(path)) {
    const handle = await open(file.path)
    try {
      while ((await handle.read(buffer, 0, buffer.length)).bytesRead > 0);
    } finally {
      await handle.close()
    }
  }
}

/** What a folder holds: `apparentBytes` counts the lengths of its files, `diskBytes` what they take on the disk. */
export async function folderSize(path: string): Promise<{ apparentBytes: number; diskBytes: number }> {
  let apparentBytes = 0
  let diskBytes = 0
  for (const file of await filesBelow(path)) {
    apparentBytes += file.size
    diskBytes += file.diskBytes
  }
  return { apparentBytes, diskBytes }
}

async function filesBelow(path: string): Promise<{ path: string; size: number; diskBytes: number }[]> {
  const info = await lstat(path)
  if (!info.isDirectory()) return info.isFile() ? [{ path, size: info.size, diskBytes: info.blocks * 512 }] : []
  const names = await readdir(path)
  const below = await Promise.all(names.map(name => filesBelow(join(path, name))))
  return below.flat()
}
