import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contractFaults } from '../../../engine/contract/contractFaults.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { boundedRecord, call, defineContract, noInput, noOutput, topic } from '../../../engine/contract/rpcContract.ts'
import { rpcReference } from '../../../engine/rpc/reference.ts'
import { contract } from './world.ts'

const text = z.string().max(10)
/** What is said about a call with this input. */
const faultOf = (input: z.ZodType, output: z.ZodType = noOutput): string =>
  contractFaults({
    protocol: 1,
    calls: { 'a.b': call({ access: 'read', input, output, doc: 'x' }) },
    topics: {},
  }).join('\n')
const withField = (field: z.ZodType) => z.strictObject({ field })

describe('contractFaults', () => {
  it('finds none in the contracts that are used', () => {
    expect(contractFaults(helperContract)).toEqual([])
    expect(contractFaults(contract)).toEqual([])
  })

  it.each([
    ['no fields', noInput],
    ['short texts', withField(text)],
    ['texts of a fixed form', withField(z.string().regex(/^[0-9a-f]{16}$/))],
    ['times', withField(z.iso.datetime({ precision: 3 }))],
    ['ids', withField(z.uuid())],
    ['numbers and choices', z.strictObject({ a: z.int(), b: z.boolean().optional(), c: z.enum(['x']).default('x') })],
    ['short lists', withField(z.array(text).max(3))],
    ['tuples', withField(z.tuple([text, z.int()]))],
    ['alternatives', withField(z.union([text, z.null(), z.strictObject({ k: z.literal('a') })]))],
    ['a choice or nothing', withField(z.boolean().nullable())],
    ['bounded records', withField(boundedRecord(text, text, 3))],
    ['records with named keys', withField(z.partialRecord(z.enum(['a', 'b']), text))],
  ])('accepts an input with %s', (_what, input) => {
    expect(faultOf(input)).toBe('')
  })

  it.each([
    ['no object', text, 'a.b: input is not an object'],
    ['unknown keys', z.object({}), 'a.b: input is an object that lets unknown keys pass'],
    [
      'unknown keys inside',
      withField(z.array(z.object({})).max(1)),
      'a.b: input.field[] is an object that lets unknown keys pass',
    ],
    ['a loose object', withField(z.looseObject({})), 'a.b: input.field is an object that lets unknown keys pass'],
    ['an endless text', withField(z.string()), 'a.b: input.field is text without a greatest length'],
    ['a form without end', withField(z.string().regex(/^a+$/)), 'a.b: input.field is text without a greatest length'],
    ['a form without anchors', withField(z.string().regex(/a/)), 'a.b: input.field is text without a greatest length'],
    [
      'a form half anchored',
      withField(z.string().regex(/^a|b$/)),
      'a.b: input.field is text without a greatest length',
    ],
    ['an escaped anchor', withField(z.string().regex(/^a\$/)), 'a.b: input.field is text without a greatest length'],
    ['an endless list', withField(z.array(text)), 'a.b: input.field is a list without a greatest length'],
    [
      'endless texts in a list',
      withField(z.array(z.string()).max(2)),
      'a.b: input.field[] is text without a greatest length',
    ],
    [
      'an endless record',
      withField(z.record(text, text)),
      'a.b: input.field is a record without a greatest number of entries',
    ],
    [
      'endless keys',
      withField(boundedRecord(z.string(), text, 3)),
      'a.b: input.field is a record with keys without a greatest length',
    ],
    [
      'endless values',
      withField(boundedRecord(text, z.string(), 3)),
      'a.b: input.field{} is text without a greatest length',
    ],
    ['anything', withField(z.unknown()), 'a.b: input.field takes anything'],
    [
      'an endless alternative',
      withField(z.union([text, z.string()])),
      'a.b: input.field|2 is text without a greatest length',
    ],
  ])('refuses an input with %s', (_what, input, fault) => {
    expect(faultOf(input)).toBe(fault)
  })

  it.each([z.date(), z.bigint(), z.void(), z.string().transform(Number)])('refuses what JSON cannot carry', schema => {
    expect(faultOf(noInput, z.object({ schema }))).toMatch(/^a.b: output does not fit into JSON/)
    expect(faultOf(withField(schema))).toMatch(/^a.b: input does not fit into JSON/)
  })

  it('refuses bad names, empty descriptions, bad topics and a protocol that is no count, all at once', () => {
    const bad = call({ access: 'read', input: noInput, output: noOutput, doc: ' ' })
    const dates = topic({ access: 'read', state: z.date(), change: noOutput, doc: 'x' })
    expect(contractFaults({ protocol: 0, calls: { 'Bad name': bad }, topics: { dates } }).join('\n')).toMatch(
      /protocol.*\nBad name: a name is.*\nBad name: doc is empty\ndates: state does not fit/,
    )
  })

  it('counts the entries of a bounded record', () => {
    const schema = boundedRecord(text, z.int(), 2)
    expect(schema.parse({ a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
    expect(schema.safeParse({ a: 1, b: 2, c: 3 }).success).toBe(false)
  })
})

describe('the reference page', () => {
  it('names every call and topic with access, fields, limits and descriptions', () => {
    const page = rpcReference(
      defineContract({
        protocol: 7,
        calls: {
          'jobs.add': call({
            access: 'configure',
            doc: 'Adds a job.',
            progress: true,
            survives: true,
            input: z.strictObject({
              name: z.string().min(1).max(40).describe('For people | shown in lists.'),
              every: z.union([z.literal('day'), z.int().min(1).max(9)]).default('day'),
              labels: boundedRecord(text, text, 5).optional(),
              sources: z.array(z.strictObject({ id: z.string().regex(/^[ab]{2}$/) })).max(3),
            }),
            output: z.object({ added: z.iso.datetime(), note: z.string().nullable() }),
          }),
        },
        topics: {
          jobs: topic({
            access: 'read',
            doc: 'All jobs.',
            state: z.array(z.object({ id: z.string() })),
            change: noOutput,
          }),
        },
      }),
      { title: 'RPC', intro: 'How to talk.' },
    )
    expect(page).toContain('# RPC\n\nHow to talk.\n\nProtocol version 7.')
    expect(page).toContain(
      '### `jobs.add`\n\nAdds a job.\n\nAccess: **configure**. Reports progress. Goes on when the client goes.',
    )
    expect(page.split('\n').filter(line => line.startsWith('| `'))).toEqual([
      '| `name` | text | 1 to 40 signs; For people \\| shown in lists. |',
      '| `every` | `"day"` or whole number | optional; default `"day"` |',
      '| `labels` | record of text | optional; at most 5 entries |',
      '| `sources` | list of object | at most 3 entries |',
      '| `sources[].id` | text | like `^[ab]{2}$` |',
      '| `added` | text (date-time) |  |',
      '| `note` | text or null |  |',
      '| `[].id` | text |  |',
    ])
    expect(page).toContain('### `jobs`\n\nAll jobs.\n\nAccess: **read**.')
    expect(page).toContain('Change: empty object.')
    expect(page.endsWith('\n')).toBe(true)
  })

  it('has a section for each part of a contract', () => {
    const page = rpcReference(contract, { title: 'RPC', intro: '' })
    for (const name of [...Object.keys(contract.calls), ...Object.keys(contract.topics)]) {
      expect(page).toContain(`### \`${name}\``)
    }
  })
})
