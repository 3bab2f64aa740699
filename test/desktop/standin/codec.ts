/**
 * Values as text, as far as the structured clone algorithm takes them; with `hooks` also functions and promises, as
 * contextBridge does. Text of a script, because it runs in pages as well as here.
 */
export const codecSource = `
function makeCodec(toB64, fromB64, hooks) {
  const enc = (root) => {
    const seen = new Map()
    const put = (v) => {
      if (v === null || typeof v === 'string' || typeof v === 'boolean') return v
      if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0) ? v : ['n', Object.is(v, -0) ? '-0' : String(v)]
      if (v === undefined) return ['u']
      if (typeof v === 'bigint') return ['b', String(v)]
      if (typeof v === 'function' && hooks) return ['f', hooks.fn(v)]
      if (typeof v === 'function' || typeof v === 'symbol') throw new Error('An object could not be cloned.')
      if (seen.has(v)) return ['r', seen.get(v)]
      seen.set(v, seen.size)
      if (Array.isArray(v)) return ['a', ...Array.from(v, put)]
      if (v instanceof Date) return ['d', v.getTime()]
      if (v instanceof RegExp) return ['x', v.source, v.flags]
      if (v instanceof Error) return ['e', v.name, v.message]
      if (v instanceof Map) return ['m', ...[...v].map(([k, w]) => [put(k), put(w)])]
      if (v instanceof Set) return ['s', ...[...v].map(put)]
      if (v instanceof ArrayBuffer) return ['v', 'ArrayBuffer', toB64(new Uint8Array(v))]
      if (ArrayBuffer.isView(v)) return ['v', v.constructor.name === 'Buffer' ? 'Uint8Array' : v.constructor.name, toB64(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))]
      if (hooks && typeof v.then === 'function') return ['p', hooks.promise(v)]
      return ['o', ...Object.entries(v).map(([k, w]) => [k, put(w)])]
    }
    return JSON.stringify(put(root))
  }
  const dec = (text) => {
    const seen = []
    const get = (j) => {
      if (!Array.isArray(j)) return j
      const [t, ...r] = j
      if (t === 'u') return undefined
      if (t === 'n') return Number(r[0])
      if (t === 'b') return BigInt(r[0])
      if (t === 'f') return hooks.unfn(r[0])
      if (t === 'r') return seen[r[0]]
      const at = seen.push(null) - 1, keep = (o) => (seen[at] = o)
      if (t === 'a') { const a = keep([]); for (const x of r) a.push(get(x)); return a }
      if (t === 'o') { const o = keep({}); for (const [k, x] of r) o[k] = get(x); return o }
      if (t === 'm') { const m = keep(new Map()); for (const [k, x] of r) m.set(get(k), get(x)); return m }
      if (t === 's') { const s = keep(new Set()); for (const x of r) s.add(get(x)); return s }
      if (t === 'd') return keep(new Date(r[0]))
      if (t === 'x') return keep(new RegExp(r[0], r[1]))
      if (t === 'e') return keep(Object.assign(new Error(r[1]), r[0] === 'Error' ? {} : { name: r[0] }))
      if (t === 'p') return keep(hooks.unpromise(r[0]))
      const u8 = fromB64(r[1]), buf = u8.buffer.slice(u8.byteOffset, u8.byteOffset + u8.byteLength)
      return keep(r[0] === 'ArrayBuffer' ? buf : new globalThis[r[0]](buf))
    }
    return get(JSON.parse(text))
  }
  return { enc, dec }
}
`

export interface Codec {
  enc(value: unknown): string
  dec(text: string): unknown
}

/** The codec in this process. */
export const wire: Codec = new Function(`${codecSource}; return makeCodec`)()(
  (bytes: Uint8Array) => Buffer.from(bytes).toString('base64'),
  (text: string) => new Uint8Array(Buffer.from(text, 'base64')),
)

/** A copy as it comes out of the other end of a process border. */
export function clone<T>(value: T): T {
  try {
    return structuredClone(value)
  } catch {
    throw new Error('An object could not be cloned.')
  }
}
