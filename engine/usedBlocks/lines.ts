import { doubt } from './doubt.ts'

/** Longer than any line that a program here prints: the free blocks of a group of 64 KiB blocks, every other one used. */
const longestLine = 16 * 1024 * 1024

/** Cuts pieces of text into lines and hands each to `onLine`, without its end. Texts are of programs, one byte a character. */
export class Lines {
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(piece: Buffer): void {
    const parts = piece.toString('latin1').split('\n')
    parts[0] = this.#rest + parts[0]
    this.#rest = parts.pop()!
    if (this.#rest.length > longestLine) doubt('a program that reads it printed a line without an end')
    for (const line of parts) this.#onLine(line)
  }

  /** A last line that has no end. */
  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest)
    this.#rest = ''
  }
}
