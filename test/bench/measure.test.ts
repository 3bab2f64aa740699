import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { folderSize, measure, parseTimeReport, warm } from '../../bench/measure.ts'
import { watchTree } from '../../bench/procSampler.ts'
import type { Invocation } from '../../bench/tool.ts'

const MiB = 1024 ** 2
const node = (script: string, env: Record<string, string> = {}): Invocation => ({
  argv: [process.execPath, '-e', script],
  env,
})

describe('measure', () => {
  it('gives what the program printed and what it used', async () => {
    const used = await measure(
      node('const b = Buffer.alloc(200 * 2 ** 20, 1); console.log(process.env.WORD, b[7])', { WORD: 'hello' }),
    )
    expect(used.stdout).toBe('hello 1\n')
    expect(used.peakBytes).toBeGreaterThan(200 * MiB)
    expect(used.cpuSeconds).toBeGreaterThan(0)
    expect(used.seconds).toBeGreaterThan(0)
  })

  it('fails with the words of a program that fails', async () => {
    const failing = measure(node('console.error("out of paper"); process.exit(3)'))
    await expect(failing).rejects.toThrow(/ended with 3: .*out of paper/s)
  })

  it('fails when there is no such program', async () => {
    await expect(measure({ argv: ['/nowhere/program'], env: {} })).rejects.toThrow('/nowhere/program')
  })

  it('stops the program itself when it is aborted', async () => {
    const abort = new AbortController()
    const folder = await mkdtemp(join(tmpdir(), 'bench-abort-'))
    try {
      const ready = join(folder, 'pid')
      const script = `require('fs').writeFileSync(${JSON.stringify(ready)}, String(process.pid)); setInterval(() => {}, 1000)`
      const running = measure(node(script), abort.signal)
      const pid = Number(await appears(ready))
      abort.abort()
      await expect(running).rejects.toThrow()
      await isGone(pid)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('parseTimeReport', () => {
  it('reads processor time and peak memory', () => {
    const text =
      '\tUser time (seconds): 1.50\n\tSystem time (seconds): 0.25\n\tMaximum resident set size (kbytes): 2048\n'
    expect(parseTimeReport(text)).toEqual({ cpuSeconds: 1.75, peakBytes: 2 * MiB })
  })

  it('refuses a report without the figures', () => {
    expect(() => parseTimeReport('User time (seconds): 1')).toThrow('System time')
  })
})

describe('watchTree', () => {
  it('sees the memory of a grandchild', async () => {
    const child = 'const b = Buffer.alloc(150 * 2 ** 20, 1); setTimeout(() => console.log(b[0]), 2000)'
    const script = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(child)}])`
    const running = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
    const stop = watchTree(running.pid!)
    await new Promise(resolve => running.once('close', resolve))
    const usage = stop()
    expect(usage.peakBytes).toBeGreaterThan(150 * MiB)
    expect(usage.cpuSeconds).toBeGreaterThan(0)
  })
})

describe('folders', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-folder-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('are counted with everything below them, by length and by space on the disk', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
    await writeFile(join(folder, 'a', 'one'), Buffer.alloc(1000, 1))
    await writeFile(join(folder, 'a', 'b', 'sparse'), '')
    await truncate(join(folder, 'a', 'b', 'sparse'), 50 * MiB)
    const size = await folderSize(folder)
    expect(size.apparentBytes).toBe(1000 + 50 * MiB)
    expect(size.diskBytes).toBeLessThan(MiB)
    expect(await folderSize(join(folder, 'a', 'one'))).toMatchObject({ apparentBytes: 1000 })
    await expect(warm(folder)).resolves.toBeUndefined()
  })
})

/** Resolves when the process has ended; whoever inherits it may take a moment to bury it. */
async function isGone(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (stat === '' || /\) Z /.test(stat)) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function appears(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text !== '') return text
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
