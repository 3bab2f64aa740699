import { readdirSync } from 'node:fs'
import { type IoPriority, type LinuxCalls, linux } from '../base/linux.ts'
import type { Priority } from '../contract/jobs.ts'

/** Whether the disks should serve this process last: only while there are runs, and all of them are of low priority. Pure. */
export const wantsIdle = (running: readonly Priority[]): boolean =>
  running.length > 0 && running.every(priority => priority === 'low')

type Calls = Pick<LinuxCalls, 'ioPriority' | 'setIoPriority'>

/**
 * Lets the disks serve this process last while all runs under way are of low priority. What is read and written by the
 * threads of one run cannot be told from that of another, so it is all threads or none. A kernel or a sandbox that refuses
 * is no failure: runs then read and write as before.
 */
export class IoCourtesy {
  readonly #calls: Calls
  readonly #threads: () => number[]
  readonly #running: Priority[] = []
  /** What threads had before; undefined while nothing is changed. */
  #before: Map<number, IoPriority> | undefined

  constructor(calls: Calls = linux, threads: () => number[] = ownThreads) {
    this.#calls = calls
    this.#threads = threads
  }

  /** Does `work` as one more run of that priority. */
  async during<T>(priority: Priority, work: () => Promise<T>): Promise<T> {
    this.#running.push(priority)
    this.#adapt()
    try {
      return await work()
    } finally {
      this.#running.splice(this.#running.indexOf(priority), 1)
      this.#adapt()
    }
  }

  #adapt(): void {
    const isIdle = this.#before !== undefined
    if (wantsIdle(this.#running) === isIdle) return
    try {
      if (isIdle) this.#restore()
      else this.#lower()
    } catch {
      // Courtesy only: no run fails for it.
    }
  }

  #lower(): void {
    const before = new Map<number, IoPriority>()
    this.#before = before
    for (const thread of this.#threads()) {
      const own = this.#calls.ioPriority(thread)
      if (own === 'unsupported') continue
      if (this.#calls.setIoPriority(thread, { class: 'idle', level: 0 }) === 'done') before.set(thread, own)
    }
  }

  #restore(): void {
    const before = this.#before!
    this.#before = undefined
    // Threads that began meanwhile have inherited what the main thread had then.
    const inherited = before.get(process.pid)
    for (const thread of this.#threads()) {
      const own = before.get(thread) ?? inherited
      if (own) this.#calls.setIoPriority(thread, own)
    }
  }
}

const ownThreads = (): number[] => readdirSync('/proc/self/task').map(Number)
