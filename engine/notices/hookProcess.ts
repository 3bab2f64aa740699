import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../base/clock.ts'

export interface HookProcessOptions {
  /** All that the program sees. */
  env: Record<string, string>
  /** Its standard input. */
  input: string
  timeoutMs: number
  /** Between SIGTERM and SIGKILL. */
  graceMs: number
  clock: Clock
  signal?: AbortSignal | undefined
}

export interface HookProcessResult {
  /** null when it was ended by a signal or never started. */
  exitCode: number | null
  endedBy: NodeJS.Signals | null
  /** Why we ended it. */
  stopped?: 'timed-out' | 'cancelled'
  /** Why it never ran. */
  startError?: string
  /** The end of what it printed, standard output and error as they came. */
  output: string
  /** How much it printed in all. */
  outputBytes: number
}

/** As much of what a hook prints is kept, from the end. */
export const keptOutputBytes = 64 * 1024
/** What ended may have left output in the pipes, but a process that left its group may hold them open for ever. */
const drainMs = 2000
const lookAgainMs = 20

/** The last bytes of a stream, in bounded memory. */
export class Tail {
  readonly #limit: number
  #parts: Buffer[] = []
  #kept = 0
  total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Buffer): void {
    this.total += chunk.length
    this.#parts.push(chunk)
    this.#kept += chunk.length
    if (this.#kept > 2 * this.#limit) this.#trim()
  }

  text(): string {
    this.#trim()
    return Buffer.concat(this.#parts).toString('utf8')
  }

  #trim(): void {
    const all = Buffer.concat(this.#parts)
    // A copy, so that the memory of the rest is not held.
    const last = Buffer.from(all.subarray(Math.max(0, all.length - this.#limit)))
    this.#parts = [last]
    this.#kept = last.length
  }
}

/**
 * Runs one program in a process group of its own, without arguments and without a shell. When it ends, takes too long or is
 * cancelled, whatever is left of its group gets SIGTERM, and after `graceMs` SIGKILL; only what made a session of its own
 * survives. Never throws.
 */
export async function runHookProcess(program: string, options: HookProcessOptions): Promise<HookProcessResult> {
  const { env, input, timeoutMs, graceMs, clock, signal } = options
  const tail = new Tail(keptOutputBytes)
  let child: ChildProcess
  try {
    child = spawn(program, [], { env, cwd: '/', stdio: 'pipe', shell: false, detached: true })
  } catch (error) {
    return { exitCode: null, endedBy: null, startError: (error as Error).message, output: '', outputBytes: 0 }
  }
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const ended = new Promise<{ exitCode: number | null; endedBy: NodeJS.Signals | null; startError?: string }>(
    resolve => {
      child.once('exit', (exitCode, endedBy) => resolve({ exitCode, endedBy }))
      child.once('error', error => resolve({ exitCode: null, endedBy: null, startError: error.message }))
    },
  )
  // They are missing when there were no file descriptors left to start it.
  const { stdin, stdout, stderr } = child
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => tail.add(chunk))
  // A hook need not read what it is told.
  stdin?.on('error', () => undefined)
  stdin?.end(input)

  const settled = new AbortController()
  const tooLate = clock.sleep(timeoutMs, settled.signal).then(
    () => 'timed-out' as const,
    () => new Promise<never>(() => undefined),
  )
  const cancelledBy = new Promise<'cancelled'>(resolve => {
    if (signal?.aborted) resolve('cancelled')
    signal?.addEventListener('abort', () => resolve('cancelled'), { once: true, signal: settled.signal })
  })
  const first = await Promise.race([ended, tooLate, cancelledBy])
  settled.abort()
  if (child.pid !== undefined) await endGroup(child.pid, graceMs, clock)
  // What waits in the kernel for a dead disk cannot even be killed.
  const end = (await within(graceMs + drainMs, ended, clock)) ?? { exitCode: null, endedBy: null }
  if (!('startError' in end)) await within(drainMs, closed, clock)
  for (const stream of [stdin, stdout, stderr]) stream?.destroy()
  return {
    ...end,
    ...(typeof first === 'string' && { stopped: first }),
    output: tail.text(),
    outputBytes: tail.total,
  }
}

/** What the promise gives, or undefined when that takes longer. */
async function within<T>(ms: number, promise: Promise<T>, clock: Clock): Promise<T | undefined> {
  const settled = new AbortController()
  const late = clock.sleep(ms, settled.signal).then(
    () => undefined,
    () => undefined,
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    settled.abort()
  }
}

/** Resolves when nothing of the group is left, or the kernel was asked to kill it. */
async function endGroup(group: number, graceMs: number, clock: Clock): Promise<void> {
  if (!signalGroup(group, 'SIGTERM')) return
  const deadline = clock.monotonic() + graceMs
  while (clock.monotonic() < deadline) {
    await clock.sleep(Math.min(lookAgainMs, graceMs))
    if (!signalGroup(group, 0)) return
  }
  signalGroup(group, 'SIGKILL')
}

/** False when there is no such group any more. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
