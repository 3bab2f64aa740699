import type { PauseGate } from '../base/pauseGate.ts'
import type { Source } from './source.ts'

/** Holds every read of `source` while the gate is paused; what is under way ends. */
export function pausingSource(source: Source, gate: PauseGate | undefined): Source {
  if (gate === undefined) return source
  return {
    path: source.path,
    kind: source.kind,
    sizeBytes: source.sizeBytes,
    sectorBytes: source.sectorBytes,
    knowsHoles: source.knowsHoles,
    extents: (from, to) => source.extents(from, to),
    async read(buffer, offset) {
      if (gate.isPaused) await gate.pass()
      return source.read(buffer, offset)
    },
    consistency: () => source.consistency(),
    close: () => source.close(),
  }
}
