import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../base/clock.ts'
import { findSystemProgram, systemProgramEnvironment } from '../base/systemPrograms.ts'
import type { ChangeSource } from './watcher.ts'

export interface KernelTableOptions {
  clock?: Clock
  /** 3000 unless given. */
  intervalMs?: number
  /** Files that change when something does. The tables of mounts, of devices with a size, and of swap unless given. */
  tables?: readonly string[]
}

const kernelTableFiles = ['/proc/self/mountinfo', '/proc/partitions', '/proc/swaps']

/** The wall clock went on by so much more than we slept: the computer slept, too. */
const suspendedMs = 10_000

/**
 * Reads the kernel's tables of mounts and devices every few seconds, which costs next to nothing (the kernel would wake
 * those who poll(2) the first of them, which Node cannot). It notices everything by itself, only later; also that the computer was suspended, for there may be other drives now.
 */
export function kernelTables(options: KernelTableOptions = {}): ChangeSource {
  const { clock = systemClock, intervalMs = 3000, tables = kernelTableFiles } = options
  const look = async () => {
    const contents = await Promise.all(tables.map(path => readFile(path, 'utf8').catch(() => '')))
    return contents.join('\0')
  }
  return {
    name: 'kernel tables',
    async watch(hint, signal) {
      let before = await look()
      while (!signal.aborted) {
        const sleptAt = clock.now()
        await clock.sleep(intervalMs, signal).catch(() => undefined)
        if (signal.aborted) return
        const after = await look()
        if (after !== before || clock.now() - sleptAt > intervalMs + suspendedMs) hint()
        before = after
      }
    },
  }
}

export interface UdevOptions {
  clock?: Clock
  /** Starts the program that prints events; undefined when there is none. `udevadm monitor` unless given. */
  start?: () => Promise<ChildProcess | undefined>
}

const firstPauseMs = 1000
const longestPauseMs = 5 * 60_000
/** A monitor that lived so long was well. */
const healthyMs = 60_000
/** How long a monitor that was asked to end may take before it is killed. */
const graceMs = 2000

async function startMonitor(): Promise<ChildProcess | undefined> {
  const program = await findSystemProgram('udevadm')
  if (program === undefined) return undefined
  // --udev: the events after the rules, when the database knows the device.
  return spawn(program, ['monitor', '--udev', '--subsystem-match=block'], {
    env: systemProgramEnvironment,
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: false,
  })
}

/**
 * Listens to udev through `udevadm monitor`. When that ends, it is started again, after 1 s at first and at most 5 min, and
 * something may have been missed, so there is a hint. Resolves when the program is not installed.
 */
export function udevEvents(options: UdevOptions = {}): ChangeSource {
  const { clock = systemClock, start = startMonitor } = options
  return {
    name: 'udev',
    async watch(hint, signal) {
      let pauseMs = firstPauseMs
      while (!signal.aborted) {
        const startedAt = clock.monotonic()
        const child = await start()
        if (child === undefined) return
        await listen(child, hint, signal)
        if (signal.aborted) return
        if (clock.monotonic() - startedAt >= healthyMs) pauseMs = firstPauseMs
        await clock.sleep(pauseMs, signal).catch(() => undefined)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
        if (!signal.aborted) hint()
      }
    },
  }
}

/** 'UDEV  [10032.332910] change   /devices/virtual/block/loop0 (block)', apart from the greeting that speaks of UDEV, too. */
const eventLine = /^UDEV\s*\[/m
/** An event may be cut in two; the beginning of its line is all that matters. */
const longestRest = 256

/** Resolves when the program has ended. */
async function listen(child: ChildProcess, hint: () => void, signal: AbortSignal): Promise<void> {
  let rest = ''
  child.stdout?.setEncoding('utf8')
  child.stdout?.on('data', (text: string) => {
    const seen = rest + text
    if (eventLine.test(seen)) hint()
    // The last line, if it has not ended and has not been counted: nothing else is kept, whatever the flood.
    const last = seen.slice(seen.lastIndexOf('\n') + 1)
    rest = eventLine.test(last) ? '' : last.slice(0, longestRest)
  })
  let killTimer: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    killTimer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  await new Promise<void>(resolve => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  clearTimeout(killTimer)
  signal.removeEventListener('abort', stop)
}
