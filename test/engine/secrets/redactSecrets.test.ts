import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { createRedactor } from '../../../engine/secrets/redactSecrets.ts'

const phrase =
  'abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid ' +
  'acoustic acquire across act action actor actress actual'
const passphrase = 'Tr0ub4dor & "drei" süße\\Grüße 100%'
const keyFile = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 89 + 200) % 256))

const html = (text: string) => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
const everyByte = (bytes: Uint8Array) => Array.from(bytes, byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
const wrapped = (text: string) => text.replace(/.{19}/g, '$&\n')

/** Ways in which a program may write text or bytes. */
const writings: Record<string, (bytes: Buffer) => string> = {
  'as base64': bytes => bytes.toString('base64'),
  'as base64 for URLs': bytes => bytes.toString('base64url'),
  'as base64 in lines': bytes => wrapped(bytes.toString('base64')),
  'as base64 in lines, in JSON': bytes => JSON.stringify(wrapped(bytes.toString('base64'))),
  'as base64 in a URL': bytes => encodeURIComponent(bytes.toString('base64')),
  'as a password of HTTP basic authentication': bytes =>
    Buffer.concat([Buffer.from('operator:'), bytes]).toString('base64'),
  'in base64 with bytes on both sides': bytes =>
    Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('y')]).toString('base64'),
  'in hex': bytes => bytes.toString('hex'),
  'in capital hex': bytes => bytes.toString('hex').toUpperCase(),
  'in hex of an odd place': bytes => `f${bytes.toString('hex')}`,
  'in hex with colons': bytes => bytes.toString('hex').replace(/..\B/g, '$&:'),
  'as an array of C': bytes => Array.from(bytes, byte => `0x${byte.toString(16).padStart(2, '0')}`).join(', '),
  'as escaped bytes': bytes => Array.from(bytes, byte => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  'with every byte percent-encoded': everyByte,
  'percent-encoded twice': bytes => encodeURIComponent(everyByte(bytes)),
  'as Node shows a Buffer': bytes => inspect(bytes, { maxArrayLength: 1000 }),
  'as JSON writes a Buffer': bytes => JSON.stringify(bytes),
}

const textWritings: Record<string, (text: string) => string> = {
  'as it is': text => text,
  'in JSON': text => JSON.stringify(text),
  'in JSON in JSON': text => JSON.stringify(JSON.stringify({ text })),
  'as JSON with escapes for all but ASCII': text =>
    JSON.stringify(text).replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'in HTML': html,
  'in a URL': encodeURIComponent,
  'in a form': text => new URLSearchParams({ text }).toString(),
  'in Unicode NFD': text => text.normalize('NFD'),
  'in capital letters': text => text.replace(/[a-zü]/g, letter => letter.toUpperCase()),
  'broken over lines': text => text.replaceAll(' ', '\n    '),
}

/** Everything that was not the secret must still be there, and nothing more. */
function expectTaken(redacted: string, written: string): void {
  expect(redacted.startsWith('before '), redacted).toBe(true)
  expect(redacted.endsWith(' after'), redacted).toBe(true)
  expect(redacted).toContain('[redacted]')
  expect(redacted).not.toContain(written)
}

describe('a redactor takes out', () => {
  const redact = createRedactor([passphrase, phrase, keyFile])

  test.each(Object.entries(textWritings))('a passphrase and a recovery phrase %s', (_, write) => {
    for (const secret of [passphrase, phrase]) {
      const redacted = redact(`before ${write(secret)} after`)
      expectTaken(redacted, write(secret))
      expect(redacted).not.toMatch(/4dor|abandon|acoustic|actual/i)
    }
  })

  test.each(Object.entries(writings))('passphrase, recovery phrase and key file %s', (_, write) => {
    for (const secret of [Buffer.from(passphrase), Buffer.from(phrase), keyFile]) {
      const redacted = redact(`before ${write(secret)} after`)
      expectTaken(redacted, write(secret))
      // Brackets, names and prefixes may stay; of the digits at most the two that neighbours share bits with.
      expect(redacted.length).toBeLessThan(90)
    }
  })

  test('a key file that somebody took for text', () => {
    expectTaken(redact(`before ${keyFile.toString('latin1')} after`), keyFile.toString('latin1'))
    expectTaken(redact(`before ${keyFile.toString('utf8')} after`), keyFile.toString('utf8'))
  })

  test('what is left of a long secret when a message was cut off', () => {
    const base64 = keyFile.toString('base64').slice(5, 120)
    expect(redact(`said: ${base64}`)).toMatch(/^said: .{0,5}\[redacted\].{0,5}$/)
    expect(redact(`said: ${phrase.slice(37, 100)}`)).toBe('said: [redacted]')
  })

  test('every one of several, also side by side and one inside the other', () => {
    const both = createRedactor(['first secret', 'second', 'first'])
    expect(both('a first secretsecond b first c')).toBe('a [redacted] b [redacted] c')
  })

  test('any secret in any of the writings, whatever is around it', () => {
    const write = fc.constantFrom(...Object.values(writings))
    const around = fc.string({ maxLength: 12, unit: 'grapheme' })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), write, around, around, (bytes, as, left, right) => {
        const written = as(Buffer.from(bytes))
        const redacted = createRedactor([bytes])(`${left}\n${written}\n${right}`)
        expect(redacted).toContain('[redacted]')
        expect(redacted).not.toContain(written)
      }),
      { numRuns: 300 },
    )
  })

  test('any text in any of the writings', () => {
    const { 'in capital letters': _, ...exact } = textWritings
    const write = fc.constantFrom(...Object.values(exact))
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 60, unit: 'grapheme' }), write, (text, as) => {
        fc.pre(Buffer.byteLength(text.trim()) >= 4)
        expect(createRedactor([text])(`before ${as(text)} after`)).toContain('[redacted]')
      }),
      { numRuns: 300 },
    )
  })
})

describe('a redactor leaves', () => {
  test('everything that is no secret as it is', () => {
    const line =
      'run 4f2a9c01 wrote 12 packs, 100% of café.img in 3 s; next at 2026-03-01T02:00:00Z {"a":"\\n"} %41 &amp;'
    expect(createRedactor([passphrase, phrase, keyFile])(line)).toBe(line)
  })

  test('any text as it is when there is no secret', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => createRedactor(['', 'abc'])(text) === text))
  })

  test('all texts as they are after the secrets are wiped', () => {
    const redact = createRedactor([passphrase])
    expect(redact(passphrase)).toBe('[redacted]')
    redact.wipe()
    expect(redact(passphrase)).toBe(passphrase)
  })

  test('the secrets of the caller as they are', () => {
    const mine = Buffer.from(passphrase)
    createRedactor([mine]).wipe()
    expect(mine.toString()).toBe(passphrase)
  })
})

test('a logger that writes through a redactor shows no secret in message, fields or causes', () => {
  const lines: string[] = []
  const redact = createRedactor([passphrase])
  const logger = createLogger({ format: 'json', write: line => void lines.push(redact(line)) })
  logger.error(`mount failed: ${passphrase}`, {
    stderr: Buffer.from(passphrase).toString('base64'),
    error: new Error('outer', { cause: new Error(`tried “${passphrase}”`) }),
  })
  expect(lines.join('')).toMatch(/mount failed: \[redacted\]/)
  expect(lines.join('')).not.toMatch(/Tr0ub4dor/)
  expect(JSON.parse(lines[0]!)).toHaveProperty('stderr')
})
