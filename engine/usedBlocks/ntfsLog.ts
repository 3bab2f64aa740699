import { doubt } from './doubt.ts'

/** The two restart pages and what precedes their second, at the largest size of a page. */
const headBytes = 2 * 65536

/**
 * Takes the content of $LogFile in pieces and says whether work is left to be done from it (logfile.c of libntfs-3g): it is filled with
 * ones after a repair and when made anew; otherwise the newer of its two restart pages must say that nobody has it open.
 */
export class NtfsLog {
  readonly #head = Buffer.alloc(headBytes)
  #bytes = 0
  #isBlank = true

  piece(piece: Buffer): void {
    if (this.#bytes < headBytes) piece.copy(this.#head, this.#bytes)
    this.#bytes += piece.length
    if (this.#isBlank) this.#isBlank = piece.every(byte => byte === 0xff)
  }

  /** A Doubt when there is work left, or when that cannot be told. */
  end(): void {
    if (this.#bytes === 0) doubt('Windows did not shut it down cleanly, or it has errors')
    if (this.#isBlank) return
    const head = this.#head.subarray(0, Math.min(headBytes, this.#bytes))
    const first = restartPage(head, 0)
    const second = restartPage(head, first.pageBytes)
    const newer = second.sequence > first.sequence ? second : first
    if (!newer.isClean) doubt('its journal holds changes that are not in place yet')
  }
}

/** RESTART_PAGE_HEADER and RESTART_AREA of layout.h, logfile.h. */
function restartPage(head: Buffer, at: number): { pageBytes: number; sequence: bigint; isClean: boolean } {
  const confused = () => doubt('its journal is not understood')
  if (at + 512 > head.length || !['RSTR', 'CHKD'].includes(head.toString('latin1', at, at + 4))) return confused()
  const pageBytes = head.readUInt32LE(at + 16)
  const areaAt = head.readUInt16LE(at + 24)
  // The last two bytes of each sector are kept elsewhere; what is asked for here lies before the first of them.
  if (pageBytes < 512 || pageBytes > 65536 || areaAt < 30 || areaAt + 16 > 510) return confused()
  const area = at + areaAt
  const nobody = 0xffff
  const isMarkedClean = (head.readUInt16LE(area + 14) & 0x2) !== 0
  return {
    pageBytes,
    sequence: head.readBigUInt64LE(area),
    isClean: head.readUInt16LE(area + 12) === nobody || isMarkedClean,
  }
}
