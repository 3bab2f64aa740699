import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBody, encodeFrame, FrameReader, maxFrameBytes } from '../../../engine/rpc/frames.ts'
import { failure } from './world.ts'

const failed = (act: () => unknown) => failure(new Promise(resolve => resolve(act())))
const header = (length: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () =>
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 5 }), { minLength: 1, maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 }),
        (values, cuts) => {
          const bytes = Buffer.concat(values.map(value => encodeFrame(value, 'A value')))
          const reader = new FrameReader(maxFrameBytes)
          const seen: unknown[] = []
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = at + cuts[i % cuts.length]!
            reader.push(bytes.subarray(at, end))
            at = end
            for (let body = reader.next(); body; body = reader.next()) seen.push(decodeBody(body))
          }
          // JSON knows no minus zero.
          expect(JSON.stringify(seen)).toBe(JSON.stringify(values))
          expect(reader.bufferedBytes).toBe(0)
        },
      ),
    ))

  it('are a little-endian length and UTF-8', () => {
    expect([...encodeFrame('é', 'A value')]).toEqual([4, 0, 0, 0, 0x22, 0xc3, 0xa9, 0x22])
  })

  it('longer than the limit are refused by their length alone', async () => {
    for (const length of [maxFrameBytes + 1, 2 ** 31, 2 ** 32 - 1]) {
      const reader = new FrameReader(maxFrameBytes)
      reader.push(header(length))
      expect((await failed(() => reader.next())).code).toBe('usage.invalid')
    }
    const reader = new FrameReader(maxFrameBytes)
    reader.push(header(maxFrameBytes))
    expect(reader.next()).toBeUndefined()
  })

  it('are counted by bytes and not by signs when written', async () => {
    const text = 'é'.repeat(maxFrameBytes / 2)
    expect((await failed(() => encodeFrame(text, 'It'))).message).toBe('It has 1048578 bytes; 1048576 are the limit.')
    expect(encodeFrame(text.slice(1), 'It').length).toBe(maxFrameBytes + 4)
  })
})

describe('bodies', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{"a":')],
    ['two values', Buffer.from('1 2')],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['half a letter', Buffer.from([0x22, 0xc3, 0x22])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['a million open brackets', Buffer.alloc(1_000_000, '[')],
    ['65 objects in each other', Buffer.from(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)],
    ['deep nesting behind closed brackets', Buffer.from(`[${']'.repeat(3)}${'['.repeat(70)}`)],
  ])('with %s are refused', async (_what, body) => {
    expect((await failed(() => decodeBody(body))).code).toBe('usage.invalid')
  })

  it('may hold brackets in texts, and nest up to a depth', () => {
    const texts = ['['.repeat(100), '\\"[[', '"'.repeat(3) + '{'.repeat(90)]
    expect(decodeBody(Buffer.from(JSON.stringify(texts)))).toEqual(texts)
    const deep = Buffer.from('['.repeat(64) + ']'.repeat(64))
    expect(JSON.stringify(decodeBody(deep))).toBe(String(deep))
  })
})
