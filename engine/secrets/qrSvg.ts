import { encode } from 'uqr'

/** White modules around the code, as ISO/IEC 18004 wants them. */
const quietModules = 4

/**
 * A QR code as an SVG element to stand in a page: black on white whatever the page looks like, and as large as the page makes
 * `class="qr"`. Error correction M: 15 % of it may be stained, and it stays coarse enough for a cheap printer. `label` is read
 * to those who do not see it and must be safe HTML. A payload of more than 2331 bytes throws a RangeError.
 */
export function qrSvg(payload: string, label: string): string {
  const { data, size } = encode(payload, { ecc: 'M', border: quietModules })
  const path = data.flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`)).join('')
  return `<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#fff"/><path fill="#000" d="${path}"/></svg>`
}

/** Where runs of black modules begin in a row, and how long they are. */
function runsOf(row: readonly boolean[]): [start: number, length: number][] {
  const runs: [number, number][] = []
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue
    const start = x
    while (row[x + 1]) x++
    runs.push([start, x - start + 1])
  }
  return runs
}
