import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const begin = '<!-- measured: begin (npm run bench -- --write) -->'
const end = '<!-- measured: end -->'

/** Text of the document where there is none yet. */
const skeleton = `# Benchmarks

Holdfast, restic and borg on the same disk image, measured by \`npm run bench\` (\`npm run bench -- --help\` lists its
options). Compare the tools with each other within one run; the seconds of another machine mean little.

How it is measured:

- The disk is a real ext4 image, about 60 % full: files of this machine's \`/usr\`, pictures (which do not compress), a
  database, text logs, and free blocks that still hold deleted files. The same seed chooses the same files.
- The day's change edits 200 small files in place, appends to the logs, adds about 3 % new data and deletes some. The heavy
  day also copies a folder, replaces 120 files by new ones and writes 300 random 4 KiB pages into the database.
- The bound is what zstd at level 3 makes of all changed 4 KiB pages in one stream: a yardstick for what a day must store.
  A tool that recognises a copied folder can stay below it.
- Each step runs with every tool before the next step begins, and each round begins with another tool. Figures are medians.
  Before each step all written data is flushed and the source (for restore and scrub: the repository) is read into memory.
- Unchanged means: same content, new modification time, and each tool is told to read the file again.
- Stored bytes are the lengths of all files of the repository; growth is what one step added. Everything is encrypted.
- A restored image is compared with the original byte for byte; the comparison is not part of the time.
- Processor time and peak memory are those that GNU time reports; the peak is that of the largest process.

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
