import { mostStringBytes } from './protocol.ts'

/** Data of options, from the section "Option types" of the protocol document. All functions here are pure. */

/** What NBD_OPT_INFO and NBD_OPT_GO ask for. */
export interface InfoQuery {
  name: string
  /** Types of information; those that are not known are there, too. */
  infos: number[]
}

/** What NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT ask for. */
export interface ContextQuery {
  name: string
  queries: string[]
}

/** Reads a name that fills its bytes. undefined when it is too long, no UTF-8, or has a NUL. */
export function decodeString(bytes: Uint8Array): string | undefined {
  if (bytes.length > mostStringBytes || bytes.includes(0)) return undefined
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** undefined when the bytes are not exactly such a query. */
export function decodeInfoQuery(data: Buffer): InfoQuery | undefined {
  const rest = new Fields(data)
  const name = rest.string()
  const count = rest.uint16()
  if (name === undefined || count === undefined || rest.length !== 2 * count) return undefined
  return { name, infos: Array.from({ length: count }, () => rest.uint16()!) }
}

/** undefined when the bytes are not exactly such a query. */
export function decodeContextQuery(data: Buffer): ContextQuery | undefined {
  const rest = new Fields(data)
  const name = rest.string()
  const count = rest.uint32()
  // Each query has a length at least.
  if (name === undefined || count === undefined || rest.length < 4 * count) return undefined
  const queries: string[] = []
  for (let i = 0; i < count; i++) {
    const query = rest.string()
    if (query === undefined) return undefined
    queries.push(query)
  }
  return rest.length === 0 ? { name, queries } : undefined
}

/** Takes field after field; undefined where the data is too short. */
class Fields {
  #data: Buffer

  constructor(data: Buffer) {
    this.#data = data
  }

  get length(): number {
    return this.#data.length
  }

  uint16(): number | undefined {
    return this.#bytes(2)?.readUInt16BE(0)
  }

  uint32(): number | undefined {
    return this.#bytes(4)?.readUInt32BE(0)
  }

  /** A string behind its length of 32 bits. */
  string(): string | undefined {
    const length = this.uint32()
    const bytes = length === undefined ? undefined : this.#bytes(length)
    return bytes && decodeString(bytes)
  }

  #bytes(length: number): Buffer | undefined {
    if (length > this.#data.length) return undefined
    const bytes = this.#data.subarray(0, length)
    this.#data = this.#data.subarray(length)
    return bytes
  }
}
