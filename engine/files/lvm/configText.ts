/**
 * The text in which LVM keeps its metadata: sections in braces, numbers, strings and lists (lvm.conf(5), "config file format";
 * lib/config in LVM's source). It comes from a disk that anybody may have written, so depth and length are bounded.
 */

export type ConfigValue = number | string | ConfigValue[] | ConfigSection
export type ConfigSection = Map<string, ConfigValue>

/** Metadata of real volume groups goes five deep. */
const deepest = 16

/** Parses a text; null when it is none. What stands after the last closed value is an error, too. */
export function parseConfigText(text: string): ConfigSection | null {
  try {
    const parser = new Parser(text)
    return parser.section(0)
  } catch {
    return null
  }
}

const token = /\s+|#[^\n]*|([A-Za-z0-9_.+/-]+)|"((?:[^"\\]|\\.)*)"|([{}[\]=,])/y

class Parser {
  readonly #tokens: { word?: string; text?: string; sign?: string }[] = []
  #at = 0

  constructor(text: string) {
    token.lastIndex = 0
    while (token.lastIndex < text.length) {
      const match = token.exec(text)
      if (!match) throw new Error('no token')
      const [, word, quoted, sign] = match
      if (word !== undefined) this.#tokens.push({ word })
      else if (quoted !== undefined) this.#tokens.push({ text: quoted.replace(/\\(.)/g, '$1') })
      else if (sign !== undefined) this.#tokens.push({ sign })
    }
  }

  section(depth: number): ConfigSection {
    if (depth > deepest) throw new Error('too deep')
    const found: ConfigSection = new Map()
    while (this.#at < this.#tokens.length && !this.#isSign('}')) {
      const { word, text } = this.#next()
      const name = word ?? text
      if (name === undefined) throw new Error('no name')
      if (this.#isSign('{')) {
        this.#next()
        found.set(name, this.section(depth + 1))
        if (this.#next().sign !== '}') throw new Error('not closed')
      } else if (this.#next().sign === '=') found.set(name, this.#value(depth))
      else throw new Error('no value')
    }
    if (depth === 0 && this.#at < this.#tokens.length) throw new Error('too much')
    return found
  }

  #value(depth: number): ConfigValue {
    if (depth > deepest) throw new Error('too deep')
    const { word, text, sign } = this.#next()
    if (text !== undefined) return text
    if (word !== undefined) return /^-?[0-9]+$/.test(word) ? Number(word) : word
    if (sign !== '[') throw new Error('no value')
    const items: ConfigValue[] = []
    while (!this.#isSign(']')) {
      items.push(this.#value(depth + 1))
      if (this.#isSign(',')) this.#next()
    }
    this.#next()
    return items
  }

  #isSign(sign: string): boolean {
    return this.#tokens[this.#at]?.sign === sign
  }

  #next() {
    const next = this.#tokens[this.#at++]
    if (!next) throw new Error('at the end')
    return next
  }
}
