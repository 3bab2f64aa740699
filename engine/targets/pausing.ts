import type { PauseGate } from '../base/pauseGate.ts'
import type { Target } from './target.ts'

/** Holds what is written to `target` and read back from it while the gate is paused; what is under way ends, and it can be flushed. */
export function pausingTarget(target: Target, gate: PauseGate | undefined): Target {
  if (gate === undefined) return target
  return {
    path: target.path,
    kind: target.kind,
    sizeBytes: target.sizeBytes,
    sectorBytes: target.sectorBytes,
    startsZeroed: target.startsZeroed,
    async write(data, offset) {
      if (gate.isPaused) await gate.pass()
      return target.write(data, offset)
    },
    // Threads write by themselves what they have been given; while it is paused, they ask here and wait.
    descriptorsFor: (offset, length) => (gate.isPaused ? undefined : target.descriptorsFor?.(offset, length)),
    async zero(offset, length) {
      if (gate.isPaused) await gate.pass()
      return target.zero(offset, length)
    },
    async read(buffer, offset) {
      if (gate.isPaused) await gate.pass()
      return target.read(buffer, offset)
    },
    flush: () => target.flush(),
    forget: () => target.forget(),
    readPartitions: () => target.readPartitions(),
    close: () => target.close(),
  }
}
