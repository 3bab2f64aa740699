import type { Sample, Step } from './rounds.ts'

/** The figures of a tool in a step: the median of each over all rounds. */
export interface StepFigures {
  seconds: number
  cpuSeconds: number
  peakBytes: number
  storedBytes: number
  growthBytes: number
}

/** Figures by tool name and step; a step that a tool did not finish is missing. */
export type Figures = Record<string, Partial<Record<Step, StepFigures>>>

/** The middle of the values, or the mean of the two middle ones. `values` must not be empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Brings the samples of all rounds together, field by field. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const figures: Figures = {}
  for (const [tool, ofTool] of Object.entries(Object.groupBy(samples, sample => sample.tool))) {
    figures[tool] = {}
    for (const [step, rounds] of Object.entries(Object.groupBy(ofTool!, sample => sample.step))) {
      const of = (field: keyof StepFigures): number => median(rounds!.map(sample => sample[field]))
      figures[tool][step as Step] = {
        seconds: of('seconds'),
        cpuSeconds: of('cpuSeconds'),
        peakBytes: of('peakBytes'),
        storedBytes: of('storedBytes'),
        growthBytes: of('growthBytes'),
      }
    }
  }
  return figures
}
