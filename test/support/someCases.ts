import type { SeededRandom } from '../../engine/demo/seededRandom.ts'

/** Whether long matrices run each of their cases: HOLDFAST_TEST_FULL=1. Otherwise `someCases` draws lots. */
export const isEveryCaseAsked = process.env.HOLDFAST_TEST_FULL === '1'

/**
 * Cases that stand for all of them, in their order: of each class `ofEach` that are drawn by lot, or all that there are. Every
 * case when that is asked for.
 */
export function someCases<T>(
  cases: readonly T[],
  classOf: (one: T) => string,
  ofEach: number,
  random: SeededRandom,
  isEveryCase = isEveryCaseAsked,
): T[] {
  if (isEveryCase) return [...cases]
  const chosen = new Set<T>()
  for (const alike of Map.groupBy(cases, classOf).values()) {
    const left = [...alike]
    for (let n = 0; n < ofEach && left.length > 0; n++) chosen.add(left.splice(random.below(left.length), 1)[0]!)
  }
  return cases.filter(one => chosen.has(one))
}
