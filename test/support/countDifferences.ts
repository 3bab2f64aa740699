import { openSync, readSync } from 'node:fs'

/** Prints how many bytes differ between two files or devices, in pages of 4 KiB. */

const pageBytes = 4096
const pieceBytes = 256 * pageBytes
const [one, other] = process.argv.slice(2).map(path => openSync(path, 'r')) as [number, number]
const [a, b] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)]
let differing = 0
for (let at = 0; ; at += pieceBytes) {
  const length = Math.min(readSync(one, a, 0, pieceBytes, at), readSync(other, b, 0, pieceBytes, at))
  for (let start = 0; start < length; start += pageBytes) {
    const end = Math.min(start + pageBytes, length)
    if (a.compare(b, start, end, start, end) !== 0) differing += pageBytes
  }
  if (length < pieceBytes) break
}
process.stdout.write(`${differing}\n`)
