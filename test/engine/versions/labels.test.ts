import { describe, expect, it } from 'vitest'
import {
  applyLabelEdits,
  isLabelKey,
  isLabelValue,
  parseLabelEdits,
  parseNewLabels,
} from '../../../engine/versions/labels.ts'

const usage = (message: string) =>
  expect.objectContaining({ code: 'usage.invalid', message: expect.stringContaining(message) })

describe('isLabelKey', () => {
  it.each(['a', 'app', 'App.v2_x-y', 'a'.repeat(63), 'example.com/app', 'a-1.b/App', `${'a'.repeat(63)}.b/c`])(
    'accepts %s',
    key => {
      expect(isLabelKey(key)).toBe(true)
    },
  )

  it.each([
    '',
    '-a',
    'a-',
    '_a',
    '__proto__',
    'a b',
    'ä',
    'a'.repeat(64),
    '/a',
    'a/',
    'a/b/c',
    'Example.com/app',
    'a..b/c',
    '-a.b/c',
    `${'a'.repeat(64)}/c`,
    `${'a.'.repeat(127)}/c`,
    `${'a.'.repeat(127)}a/c`,
  ])('refuses “%s”', key => {
    expect(isLabelKey(key)).toBe(false)
  })
})

describe('isLabelValue', () => {
  it.each(['', 'a', 'v1.2_x-3', 'a'.repeat(63)])('accepts “%s”', value => expect(isLabelValue(value)).toBe(true))
  it.each(['-', 'a ', 'a/b', 'a=b', 'a'.repeat(64)])('refuses “%s”', value => expect(isLabelValue(value)).toBe(false))
})

describe('parseLabelEdits', () => {
  it('sets, empties and removes', () => {
    expect(parseLabelEdits(['app=web', 'example.com/tier=', 'flag', 'old-'])).toEqual({
      set: { app: 'web', 'example.com/tier': '', flag: '' },
      remove: ['old'],
    })
  })

  it.each([
    [[], 'No label'],
    [['=x'], '“” cannot be the key'],
    [['-'], '“” cannot be the key'],
    [['a b=x'], '“a b” cannot be the key'],
    [['k-=x'], '“k-” cannot be the key'],
    [['k--'], '“k-” cannot be the key'],
    [['k=v-'], '“v-” cannot be the value of the label “k”'],
    [['k=a=b'], '“a=b” cannot be the value'],
    [['k=v', 'k-'], '“k” is given more than once'],
    [['k=v', 'k=v'], '“k” is given more than once'],
  ])('refuses %j', (args, message) => {
    expect(() => parseLabelEdits(args)).toThrow(usage(message))
  })
})

describe('a note', () => {
  it('is any line of text', () => {
    const note = 'before the move: “new” SSD = faster? 👩‍🚀'
    expect(parseLabelEdits([`note=${note}`])).toEqual({ set: { note }, remove: [] })
    expect(parseLabelEdits(['note='])).toEqual({ set: { note: '' }, remove: [] })
    expect(parseLabelEdits(['note-'])).toEqual({ set: {}, remove: ['note'] })
  })

  it.each(['two\nlines', 'a\u202eb', 'a\u001b[2J', 'x'.repeat(1001)])('is not %j', note => {
    expect(() => parseLabelEdits([`note=${note}`])).toThrow(usage('cannot be the note'))
  })
})

describe('parseNewLabels', () => {
  it('reads the labels of a new version', () => {
    expect(parseNewLabels([])).toEqual({})
    expect(parseNewLabels(['app=web', 'constructor=x'])).toEqual({ app: 'web', constructor: 'x' })
  })

  it('refuses to remove', () => {
    expect(() => parseNewLabels(['a=b', 'old-'])).toThrow(usage('“old-” removes a label'))
  })
})

describe('applyLabelEdits', () => {
  it('gives the new labels in order of their keys and leaves the old ones as they are', () => {
    const labels = { old: 'x', app: 'web', z: '1' }
    const merged = applyLabelEdits(labels, parseLabelEdits(['app=db', 'b=2', 'old-', 'missing-']))
    expect(Object.entries(merged)).toEqual([
      ['app', 'db'],
      ['b', '2'],
      ['z', '1'],
    ])
    expect(labels).toEqual({ old: 'x', app: 'web', z: '1' })
  })
})
