/** Reads bytes of a disk; called with ranges inside of it only, of at most 1 MiB. Its failures are passed on. */
export type ReadBytes = (range: { offset: number; length: number }) => Promise<Buffer>

/** A partition as a table has it, in bytes. */
export interface Partition {
  /** As the kernel counts it: sda3 is number 3. */
  number: number
  offset: number
  length: number
  /** What the table says it is for, in the words of lsblk; null when nobody knows that type. */
  purpose: string | null
  /** As the table names it; only GPT does. */
  name: string | null
}
