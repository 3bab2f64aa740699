/**
 * Tags of what the thin tools print, as they come. It is XML, of which they use tags with attributes alone: no text, no comments,
 * no escapes.
 */

export interface Tag {
  /** '/diff' for an end. */
  name: string
  attributes: Record<string, string>
}

/** No tag of theirs is nearly as long. */
const longestTag = 4096

export class TagReader {
  #rest = ''

  /** To be called at the end of the text. */
  finish(): void {
    if (this.#rest.trim() !== '') throw new SyntaxError(`it ends with ${JSON.stringify(this.#rest.slice(0, 80))}`)
  }

  /** The tags that end in this piece of the text. Throws a SyntaxError for what the tools do not print. */
  *push(text: string): Generator<Tag> {
    const all = this.#rest + text
    let from = 0
    for (;;) {
      const end = all.indexOf('>', from)
      if (end < 0) break
      yield parseTag(all.slice(from, end))
      from = end + 1
    }
    this.#rest = all.slice(from)
    if (this.#rest.length > longestTag) throw new SyntaxError('a tag does not end')
  }
}

function parseTag(text: string): Tag {
  const match = /^\s*<(\/?[a-z_]+)((?:\s+[a-z0-9_]+="[^"<]*")*)\s*\/?$/.exec(text)
  if (match === null) throw new SyntaxError(`no tag: ${JSON.stringify(text.slice(0, 80))}`)
  const pairs = match[2]!.matchAll(/([a-z0-9_]+)="([^"]*)"/g)
  return { name: match[1]!, attributes: Object.fromEntries([...pairs].map(pair => [pair[1], pair[2]])) }
}

/** An attribute that is a whole number. */
export function numberOf(tag: Tag, name: string): number {
  const text = tag.attributes[name]
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw new SyntaxError(`${tag.name} without a number as ${name}`)
  return Number(text)
}

/** Bytes of a chunk of the pool, of the first tag. */
export function chunkBytesOf(superblock: Tag): number {
  const bytes = numberOf(superblock, 'data_block_size') * 512
  // Limits of the kernel: 64 KiB to 1 GiB, in steps of 64 KiB.
  if (bytes < 65_536 || bytes > 2 ** 30 || bytes % 65_536 !== 0) throw new SyntaxError(`chunks of ${bytes} bytes`)
  return bytes
}
