import {
  base64Bytes,
  decimalBytes,
  folded,
  foldText,
  hexBytes,
  type MappedText,
  mapped,
  percentBytes,
  percentText,
  utf8Bytes,
  withoutEntities,
  withoutEscapes,
} from './mappedText.ts'
import { ownCopy, wipe } from './secretStore.ts'

/** Takes secrets out of texts. */
export interface Redactor {
  (text: string): string
  /** Overwrites the secrets; from then on nothing is taken out. */
  wipe(): void
}

/** Shorter secrets are left alone: taking one letter out everywhere makes a log useless and tells which letter it is. */
export const minRedactedBytes = 4
const replacement = '[redacted]'
/** Of longer secrets, every part of at least twice this size is found: messages cut off what other programs say. */
const partBytes = 16

interface Part {
  needle: Buffer
  /** Where in the needle it is, and how much must be the same. */
  offset: number
  length: number
}

/**
 * Makes a function that removes the given secrets from any text, however they are written there: as they are, in other case
 * or spacing, in Unicode NFC or NFD, with the escapes of JSON (twice, too), HTML or URLs, in hex, in base64 (also inside a
 * longer one), or as a list of numbers. What it takes for a secret by chance goes, too.
 *
 * Not found are secrets of less than 4 bytes, parts of less than 32 bytes (of shorter secrets: any part), and anything
 * encrypted, hashed or compressed.
 *
 * It is meant for lines of a log: time and memory grow with the length of the text, some 100 bytes for each character.
 */
export function createRedactor(secrets: Iterable<string | Uint8Array>): Redactor {
  const needles = [...secrets].flatMap(needlesOf).filter(needle => needle.length >= minRedactedBytes)
  const parts = indexOf(needles)

  const redact = (text: string): string => {
    if (parts.size === 0) return text
    const marks = viewsOf(text).flatMap(view => findIn(view, parts))
    return withoutRanges(text, marks)
  }
  return Object.assign(redact, {
    wipe() {
      wipe(...needles)
      parts.clear()
    },
  })
}

/** The byte sequences that a secret can be as text or as bytes. */
function needlesOf(secret: string | Uint8Array): Buffer[] {
  if (typeof secret === 'string') return textNeedles(secret)
  const bytes = ownCopy(secret)
  // Bytes that are no text come into a log as one of these two, when somebody takes them for text.
  const [latin1, utf8] = [bytes.toString('latin1'), bytes.toString('utf8')]
  const isText = Buffer.from(utf8).equals(bytes)
  return isText ? textNeedles(utf8) : [bytes, Buffer.from(latin1), Buffer.from(utf8)]
}

function textNeedles(text: string): Buffer[] {
  // A file with a passphrase ends with a line break that the log may lack.
  const core = text.trim()
  const forms = [core, core.normalize('NFC'), core.normalize('NFD')]
  return [...new Set([...forms, ...forms.map(foldText)])].map(form => ownCopy(Buffer.from(form)))
}

/** The parts to look for, by their first four bytes. */
function indexOf(needles: readonly Buffer[]): Map<number, Part[]> {
  const parts = new Map<number, Part[]>()
  for (const needle of needles) {
    const isLong = needle.length >= 2 * partBytes
    const [step, length] = isLong ? [partBytes, partBytes] : [needle.length, needle.length]
    for (let offset = 0; offset + length <= needle.length; offset += step) {
      const start = needle.readUInt32LE(offset)
      const same = parts.get(start)
      if (same) same.push({ needle, offset, length })
      else parts.set(start, [{ needle, offset, length }])
    }
  }
  return parts
}

function viewsOf(line: string): MappedText[] {
  const raw = mapped(line)
  const once = withoutEscapes(raw)
  const texts = [raw]
  if (line.includes('\\')) texts.push(once, withoutEscapes(once))
  if (line.includes('&')) texts.push(withoutEntities(once))
  const escaped = /[%+]/.test(line) ? texts.slice(0, 2) : []
  const decoded = escaped.map(view => percentBytes(utf8Bytes(view)))
  const bytes = [...texts.map(utf8Bytes), ...decoded, ...decoded.map(percentBytes)]
  const readable = [...texts, ...escaped.map(percentText)]
  const packed = bytes.flatMap(view => [...hexBytes(view), ...base64Bytes(view), decimalBytes(view)])
  return [...bytes, ...readable.map(folded).map(utf8Bytes), ...packed]
}

type Range = [from: number, to: number]

/** Where in the line the view shows a secret, or a part of a long one. */
function findIn(view: MappedText, parts: ReadonlyMap<number, readonly Part[]>): Range[] {
  const found: Range[] = []
  const bytes = Buffer.from(view.text, 'latin1')
  for (let at = 0; at + minRedactedBytes <= bytes.length; at++) {
    for (const { needle, offset, length } of parts.get(bytes.readUInt32LE(at)) ?? []) {
      if (at + length > bytes.length || needle.compare(bytes, at, at + length, offset, offset + length) !== 0) continue
      let [before, after] = [0, length]
      while (before < Math.min(at, offset) && bytes[at - before - 1] === needle[offset - before - 1]) before++
      while (
        offset + after < needle.length &&
        at + after < bytes.length &&
        bytes[at + after] === needle[offset + after]
      ) {
        after++
      }
      found.push([view.from[at - before]!, view.to[at + after - 1]!])
    }
  }
  return found
}

function withoutRanges(text: string, ranges: Range[]): string {
  if (ranges.length === 0) return text
  const sorted = ranges.toSorted(([a], [b]) => a - b)
  const pieces: string[] = []
  let done = 0
  for (let i = 0; i < sorted.length; ) {
    let [from, to] = sorted[i]!
    for (i++; i < sorted.length && sorted[i]![0] <= to; i++) to = Math.max(to, sorted[i]![1])
    pieces.push(text.slice(done, from), replacement)
    done = to
  }
  return [...pieces, text.slice(done)].join('')
}
