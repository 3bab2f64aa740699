import { setTimeout as sleep } from 'node:timers/promises'
import { throwIfAborted } from '../contract/errors.ts'

const pauseMs = 20

/** Asks again and again until there is an answer; undefined when there is none in time. May be cancelled. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const until = performance.now() + timeoutMs
  for (;;) {
    throwIfAborted(signal)
    const answer = await ask()
    if (answer !== undefined || performance.now() > until) return answer
    await sleep(pauseMs)
  }
}
