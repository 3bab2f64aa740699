/** Resolves when the page has had time to draw and to answer. */
export const breath = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

/**
 * Loads modules one after the other. A module runs together with all that it imports, in one go; many small goes leave the page
 * time to draw and to answer in between.
 */
export async function inSteps(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const part of parts) {
    await part()
    await breath()
  }
}
