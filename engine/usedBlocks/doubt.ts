/**
 * Thrown inside of this folder when metadata cannot be trusted, and caught where it begins (readUsedBlocks.ts): then all is
 * read. The message says why, as the end of a sentence: "its journal holds changes that are not in place yet".
 */
export class Doubt extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'Doubt'
  }
}

/** Gives up trusting the metadata. */
export function doubt(why: string): never {
  throw new Doubt(why)
}

/** Bits of `value` that are not among the known ones, as words; undefined when there are none. */
export function unknownBits(value: number, known: number): string | undefined {
  const unknown = (value & ~known) >>> 0
  return unknown === 0 ? undefined : `0x${unknown.toString(16)}`
}
