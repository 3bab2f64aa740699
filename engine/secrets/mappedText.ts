/**
 * Ways to read a line of a log in which a secret may stand encoded. Each keeps, for every unit of what it reads, the place in
 * the line that it comes from. All functions are pure.
 */
export interface MappedText {
  /** Characters; or, after `utf8Bytes` and its kind, one character (0 to 255) for each byte. */
  text: string
  /** For each UTF-16 unit of `text`, where in the line what it comes from begins and ends. */
  from: number[]
  to: number[]
}

export function mapped(line: string): MappedText {
  const from = Array.from({ length: line.length }, (_, index) => index)
  return { text: line, from, to: from.map(index => index + 1) }
}

/** Puts something else in place of every match. `decode` gives undefined to leave it as it is. */
function replaced(
  view: MappedText,
  pattern: RegExp,
  decode: (match: RegExpExecArray) => string | undefined,
): MappedText {
  const parts: string[] = []
  const from: number[] = []
  const to: number[] = []
  let done = 0
  const keep = (end: number) => {
    parts.push(view.text.slice(done, end))
    for (let i = done; i < end; i++) {
      from.push(view.from[i]!)
      to.push(view.to[i]!)
    }
    done = end
  }
  for (const match of view.text.matchAll(pattern)) {
    const decoded = decode(match)
    if (decoded === undefined || match[0] === '') continue
    keep(match.index)
    done = match.index + match[0].length
    parts.push(decoded)
    for (let i = 0; i < decoded.length; i++) {
      from.push(view.from[match.index]!)
      to.push(view.to[done - 1]!)
    }
  }
  keep(view.text.length)
  return { text: parts.join(''), from, to }
}

const shortEscapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', '0': '\0' }

/** Undoes the escapes of JSON and JavaScript strings. */
export const withoutEscapes = (view: MappedText): MappedText =>
  replaced(view, /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gis, ([, unicode, byte, other]) => {
    const digits = unicode ?? byte
    return digits === undefined ? (shortEscapes[other!] ?? other) : String.fromCharCode(Number.parseInt(digits, 16))
  })

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

/** Undoes the entities of HTML and XML. */
export const withoutEntities = (view: MappedText): MappedText =>
  replaced(view, /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, ([, decimal, hex, name]) => {
    if (name !== undefined) return entities[name.toLowerCase()]
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
  })

/** Small letters, and one space for any white space, so that a phrase is found however it was typed. */
export const folded = (view: MappedText): MappedText => replaced(view, /\s+|\p{Lu}/gu, ([match]) => foldText(match))

/** What `folded` does, letter by letter: the small letter must not depend on its neighbours. */
export const foldText = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/\p{Lu}/gu, letter => letter.toLowerCase())

/** The bytes of the text in UTF-8, as units. */
export const utf8Bytes = (view: MappedText): MappedText =>
  replaced(view, /[\ud800-\udbff][\udc00-\udfff]|[^\0-\x7f]/g, ([match]) => Buffer.from(match).toString('latin1'))

/** The bytes that percent-encoding stands for, of a view of bytes; "+" is a space. */
export const percentBytes = (view: MappedText): MappedText =>
  replaced(view, /%([0-9a-f]{2})|\+/gi, ([, hex]) =>
    hex === undefined ? ' ' : String.fromCharCode(Number.parseInt(hex, 16)),
  )

/** Percent-encoding undone where it is text, of a view of text; "+" is a space. */
export const percentText = (view: MappedText): MappedText =>
  replaced(view, /(?:%[0-9a-f]{2})+|\+/gi, ([run]) =>
    run === '+' ? ' ' : Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  )

/** What `kept` matches, one behind the other. */
function filtered(view: MappedText, kept: RegExp): MappedText {
  const text: string[] = []
  const from: number[] = []
  const to: number[] = []
  for (const match of view.text.matchAll(kept)) {
    text.push(match[0])
    from.push(view.from[match.index]!)
    to.push(view.to[match.index]!)
  }
  return { text: text.join(''), from, to }
}

/**
 * Digits of `bits` bits each, read as bytes from the digit `skip` on. Where in the text the digits of a secret begin is not
 * known, so the callers try every `skip`.
 */
function unpacked(digits: MappedText, values: number[], bits: number, skip: number): MappedText {
  const text: string[] = []
  const from: number[] = []
  const to: number[] = []
  let [rest, restBits, first] = [0, 0, 0]
  for (let i = skip; i < values.length; i++) {
    if (restBits === 0) first = i
    rest = ((rest << bits) | values[i]!) & 0xffff
    restBits += bits
    if (restBits < 8) continue
    restBits -= 8
    text.push(String.fromCharCode((rest >> restBits) & 0xff))
    from.push(digits.from[first]!)
    to.push(digits.to[i]!)
    first = i
  }
  return { text: text.join(''), from, to }
}

/** Hex digits in any case, with anything between them; not the 0 of 0x. */
export function hexBytes(view: MappedText): MappedText[] {
  const digits = filtered(view, /(?<![0-9a-f])0(?!x)|(?<=[0-9a-f])0|[1-9a-f]/gi)
  const values = [...digits.text].map(digit => Number.parseInt(digit, 16))
  return [0, 1].map(skip => unpacked(digits, values, 4, skip))
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const base64Values = new Map([...base64Digits, '-', '_'].map((digit, index) => [digit, index < 64 ? index : index - 2]))

/** Base64, plain and for URLs, with line breaks or anything else between the digits, and other bytes before the secret. */
export function base64Bytes(view: MappedText): MappedText[] {
  const digits = filtered(view, /[A-Za-z0-9+/_-]/g)
  const values = [...digits.text].map(digit => base64Values.get(digit)!)
  return [0, 1, 2, 3].map(skip => unpacked(digits, values, 6, skip))
}

/** Lists of numbers, as JSON writes a Buffer. */
export function decimalBytes(view: MappedText): MappedText {
  const text: string[] = []
  const from: number[] = []
  const to: number[] = []
  for (const { 0: number, index } of view.text.matchAll(/(?<!\d)\d{1,3}(?!\d)/g)) {
    if (Number(number) > 255) continue
    text.push(String.fromCharCode(Number(number)))
    from.push(view.from[index]!)
    to.push(view.to[index + number.length - 1]!)
  }
  return { text: text.join(''), from, to }
}
