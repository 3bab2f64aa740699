const firstMs = 250
const longestMs = 30_000

/** How long to wait after so many tries that failed one after the other (from 1), milliseconds. Pure. */
export const backOffMs = (failures: number): number => Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20))
