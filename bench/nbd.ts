import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { prepareImages } from './images.ts'
import { measure, warm } from './measure.ts'
import { versionLine } from './programs.ts'
import { table } from './report.ts'
import type { Places } from './tool.ts'
import { holdfastInvocation } from './tools/holdfast.ts'

const GiB = 2 ** 30
/** Fits into the cache of Holdfast. */
const cachedBytes = 128 * 2 ** 20

/** One thing that both servers did, as often as there are rounds. */
export interface NbdFigure {
  what: string
  unit: string
  holdfast: number
  qemu: number
  /** What share of qemu-nbd's speed is wanted. */
  wanted: number
}

export interface NbdResult {
  figures: NbdFigure[]
  /** From connecting to the first byte, on a server that runs. */
  firstByteMs: number
  peakBytes: number
}

/**
 * Holdfast serving a version, against `qemu-nbd -r -t -e 16` serving the raw image, by turns: reading all of it with nbdcopy, and
 * with fio what is in both servers' memory. Figures are medians. Needs qemu-nbd, nbdcopy, nbdinfo and fio.
 */
export async function measureNbd(
  workDir: string,
  rounds: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<NbdResult> {
  for (const program of ['qemu-nbd', 'nbdcopy', 'nbdinfo', 'fio']) {
    if ((await versionLine(program, ['--version'])) === undefined) throw new Error(`${program} is not installed.`)
  }
  say(`making the image in ${workDir}`)
  const { before: image } = await prepareImages(join(workDir, 'images'), 2 * GiB, signal)
  const run = join(workDir, 'nbd')
  await rm(run, { recursive: true, force: true })
  const places: Places = { repository: join(run, 'repository'), image, home: join(run, 'home') }
  await mkdir(places.home, { recursive: true })
  const servers: ChildProcess[] = []
  try {
    await measure(holdfastInvocation(places, ['init']), signal)
    await measure(holdfastInvocation(places, ['backup', image, '--name', 'disk']), signal)
    const sockets = { holdfast: join(run, 'holdfast.sock'), qemu: join(run, 'qemu.sock') }
    const { argv, env } = holdfastInvocation(places, ['nbd', 'disk:latest', '--socket', sockets.holdfast])
    const holdfast = spawn(argv[0]!, argv.slice(1), { env: { ...process.env, ...env }, stdio: 'ignore' })
    const qemu = spawn('qemu-nbd', ['-r', '-t', '-e', '16', '-f', 'raw', '-k', sockets.qemu, image], {
      stdio: 'ignore',
    })
    servers.push(holdfast, qemu)
    for (const path of Object.values(sockets)) await appears(path, signal)
    await warm(image)
    await warm(places.repository)

    const firstByteMs = await firstByte(sockets.holdfast, signal)
    const whole = { holdfast: [] as number[], qemu: [] as number[] }
    const kept = { holdfast: [] as number[], qemu: [] as number[] }
    const pages = { holdfast: [] as number[], qemu: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`)
      for (const server of ['qemu', 'holdfast'] as const) {
        const uri = `nbd+unix:///?socket=${sockets[server]}`
        const { seconds } = await measure({ argv: ['nbdcopy', uri, 'null:'], env: {} }, signal)
        whole[server].push((2 * GiB) / seconds / 1e6)
        // The first time brings it into memory.
        await fio(uri, 'read', signal)
        kept[server].push((await fio(uri, 'read', signal)).bytesPerSecond / 1e6)
        pages[server].push((await fio(uri, 'randread', signal)).requestsPerSecond)
      }
    }
    return {
      figures: [
        figure('all of 2 GiB, with nbdcopy, nothing in memory', 'MB/s', whole, 0.25),
        figure('128 MiB in order, in memory', 'MB/s', kept, 0.5),
        figure('4 KiB at random, 16 at a time, in memory', 'reads/s', pages, 0.35),
      ],
      firstByteMs,
      peakBytes: peakOf(holdfast.pid!),
    }
  } finally {
    for (const server of servers) server.kill('SIGTERM')
    await Promise.all(
      servers.map(server => (server.exitCode === null ? new Promise(end => server.once('exit', end)) : 0)),
    )
    await rm(run, { recursive: true, force: true })
  }
}

export function nbdReport({ figures, firstByteMs, peakBytes }: NbdResult): string {
  const rows = figures.map(({ what, unit, holdfast, qemu, wanted }) => [
    what,
    `${holdfast.toFixed(0)} ${unit}`,
    `${qemu.toFixed(0)} ${unit}`,
    `${((holdfast / qemu) * 100).toFixed(0)} %`,
    `${wanted * 100} %`,
  ])
  const figuresTable = table(['reading over NBD', 'holdfast', 'qemu-nbd', 'share', 'wanted'], rows)
  return `${figuresTable}\n\nFirst byte: ${firstByteMs.toFixed(0)} ms after connecting, program start included. Peak memory of the server: ${(peakBytes / 1e6).toFixed(0)} MB.`
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

function figure(what: string, unit: string, all: Record<'holdfast' | 'qemu', number[]>, wanted: number): NbdFigure {
  return { what, unit, holdfast: median(all.holdfast), qemu: median(all.qemu), wanted }
}

async function appears(path: string, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await stat(path).catch(() => undefined)) return
    await delay(100, undefined, { signal })
  }
  throw new Error(`${path} did not appear within 30 s.`)
}

/** A whole program that reads the beginning (to tell what is in there): what it takes is an upper bound. */
async function firstByte(socket: string, signal: AbortSignal): Promise<number> {
  const uri = `nbd+unix:///?socket=${socket}`
  return (await measure({ argv: ['nbdinfo', '--content', uri], env: {} }, signal)).seconds * 1000
}

async function fio(uri: string, pattern: 'read' | 'randread', signal: AbortSignal) {
  const size = pattern === 'read' ? ['--bs=256k', '--iodepth=64'] : ['--bs=4k', '--iodepth=16']
  const time = ['--time_based', '--runtime=3', `--size=${cachedBytes}`]
  const argv = ['fio', '--name=r', '--ioengine=nbd', `--uri=${uri}`, `--rw=${pattern}`, ...size, ...time]
  const { stdout } = await measure({ argv: [...argv, '--output-format=json'], env: {} }, signal)
  const { read } = (
    JSON.parse(stdout.slice(stdout.indexOf('{'))) as { jobs: { read: { bw_bytes: number; iops: number } }[] }
  ).jobs[0]!
  return { bytesPerSecond: read.bw_bytes, requestsPerSecond: read.iops }
}

/** The launcher hands over to the runtime, so it is the same process. */
function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}
