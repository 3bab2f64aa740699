import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const maximumThreads = 8
const spare: Worker[] = []

/** How many threads work on blocks unless somebody says otherwise. */
export function usualThreads(): number {
  return Math.min(availableParallelism(), maximumThreads)
}

/**
 * Starts threads for work that is about to come, while other things are still being prepared: each takes a twentieth of a
 * second to get ready. They keep no process alive.
 */
export function startSpareThreads(count = usualThreads()): void {
  while (spare.length < count) {
    const worker = newThread()
    const drop = () => {
      const at = spare.indexOf(worker)
      if (at >= 0) spare.splice(at, 1)
    }
    // One that fails is of no use to anybody; whoever needs one starts another, and is told what is wrong.
    worker.on('error', drop)
    worker.on('exit', drop)
    worker.unref()
    spare.push(worker)
  }
}

/** A thread that waits for its setup: one that was started ahead, or else a new one. */
export function takeThread(): Worker {
  const worker = spare.pop()
  worker?.ref()
  return worker ?? newThread()
}

const newThread = (): Worker => new Worker(new URL('./blockWorker.ts', import.meta.url))
