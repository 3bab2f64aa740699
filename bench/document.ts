import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const begin = '<!-- measured: begin (npm run bench -- --write) -->'
const end = '<!-- measured: end -->'

/** Text of the document where there is none yet. */
const skeleton = `# Benchmarks

Holdfast, restic and borg on the same disk image, one after the other, measured by \`npm run bench\`.

${begin}
${end}
`

/**
 * The document with `measured` between its markers; all text around them stays. A document without markers gets them at
 * its end.
 */
export function withMeasured(document: string, measured: string): string {
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  const block = `${begin}\n\n${measured.trim()}\n\n${end}`
  if (from === -1 || to < from) return `${document.trimEnd()}\n\n${block}\n`
  return document.slice(0, from) + block + document.slice(to + end.length)
}

/** Writes the measured part of the document at `path`, which is made when it is missing. */
export async function writeMeasured(path: string, measured: string): Promise<void> {
  const document = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return skeleton
    throw error
  })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, withMeasured(document, measured))
}
