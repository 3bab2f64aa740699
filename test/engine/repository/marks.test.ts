import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldMarks, isMarkName, type Mark, markName, markTime, parseMark } from '../../../engine/repository/marks.ts'

const at = '2026-01-31T10:00:00.000Z'
const [v1, v2] = ['1'.repeat(16), '2'.repeat(16)]
const [p1, p2] = ['a'.repeat(32), 'b'.repeat(32)]
const [b1, b2] = ['c'.repeat(32), 'd'.repeat(32)]

const protect = (version: string, on = true): Mark => ({ kind: 'protect', at, version, protected: on })
const label = (version: string, set: Record<string, string>, remove: string[] = []): Mark => {
  return { kind: 'labels', at, version, set, remove }
}
const scrub = (facts: Partial<Extract<Mark, { kind: 'scrub' }>>): Mark => {
  return { kind: 'scrub', at, mode: 'deep', versions: [], checkedBlocks: 1, damagedBlocks: 0, ...facts }
}
const copyOf = (pack: string, block: string) => ({ pack, block })

describe('marks, one after the other', () => {
  it('protect a version until a later one lifts it', () => {
    expect(foldMarks([]).protectedVersions).toEqual(new Set())
    expect(foldMarks([protect(v1), protect(v2), protect(v1, false)]).protectedVersions).toEqual(new Set([v2]))
    expect(foldMarks([protect(v1, false), protect(v1)]).protectedVersions).toEqual(new Set([v1]))
  })

  it('set and remove labels, and the last word counts', () => {
    const { labels } = foldMarks([
      label(v1, { a: '1', b: '1' }),
      label(v2, { a: 'other' }),
      label(v1, { b: '2', c: '' }, ['a']),
    ])
    expect(labels.get(v1)).toEqual({ a: undefined, b: '2', c: '' })
    expect(labels.get(v2)).toEqual({ a: 'other' })
    expect(foldMarks([label(v1, {}, ['a']), label(v1, { a: 'again' })]).labels.get(v1)).toEqual({ a: 'again' })
  })

  it('say when a version was last scrubbed, by deep scrubs only', () => {
    const later = '2026-02-01T10:00:00.000Z'
    const state = foldMarks([
      scrub({ versions: [v1, v2] }),
      scrub({ versions: [v1], at: later }),
      scrub({ versions: [v2], at: later, mode: 'light' }),
    ])
    expect([...state.scrubbedAt]).toEqual([
      [v1, later],
      [v2, at],
    ])
  })

  it('remember where the last scrub by percent stopped, whatever other scrubs came between', () => {
    expect(foldMarks([]).scrubCursor).toBeNull()
    expect(foldMarks([scrub({ cursor: p1 }), scrub({})]).scrubCursor).toBe(p1)
    expect(foldMarks([scrub({ cursor: p1 }), scrub({ cursor: null })]).scrubCursor).toBeNull()
  })

  it('know copies as damaged until they were read well again, and damaged once more after that', () => {
    const damage = (...copies: { pack: string; block: string }[]): Mark => {
      return { kind: 'damage', at, copies, packs: [], versions: [] }
    }
    const sound = (...copies: { pack: string; block: string }[]): Mark => ({ kind: 'sound', at, copies, packs: [] })
    const both = [copyOf(p1, b1), copyOf(p2, b1)]
    expect(foldMarks([damage(...both), damage(both[0]!)]).damagedCopies).toEqual(both)
    expect(foldMarks([damage(...both), sound(both[0]!)]).damagedCopies).toEqual([both[1]])
    expect(foldMarks([damage(...both), sound(...both), damage(both[1]!)]).damagedCopies).toEqual([both[1]])
    // Of the same block, and of the same pack, but not this copy.
    expect(foldMarks([damage(copyOf(p1, b1)), sound(copyOf(p2, b1), copyOf(p1, b2))]).damagedCopies).toHaveLength(1)
  })

  it('know packs as missing until they are back', () => {
    const damage: Mark = { kind: 'damage', at, copies: [], packs: [p1, p2], versions: [] }
    const sound: Mark = { kind: 'sound', at, copies: [], packs: [p1] }
    expect(foldMarks([damage, sound]).missingPacks).toEqual(new Set([p2]))
    expect(foldMarks([damage, sound, damage]).missingPacks).toEqual(new Set([p1, p2]))
  })

  it('know objects as damaged until they were mended', () => {
    const nothing = { at, copies: [], packs: [] }
    const damage: Mark = { ...nothing, kind: 'damage', versions: [], objects: ['config', 'copies/config'] }
    const marks: Mark[] = [damage, { ...nothing, kind: 'sound', objects: ['config'] }, { ...nothing, kind: 'sound' }]
    expect(foldMarks(marks).damagedObjects).toEqual(new Set(['copies/config']))
  })

  it('gather the blocks that versions have lost', () => {
    const lost = (version: string, blocks: string[]): Mark => {
      return { kind: 'damage', at, copies: [], packs: [], versions: [{ version, blocks }] }
    }
    const { damagedVersions } = foldMarks([lost(v1, [b1]), lost(v2, [b1]), lost(v1, [b2, b1])])
    expect([...damagedVersions.get(v1)!]).toEqual([b1, b2])
    expect([...damagedVersions.get(v2)!]).toEqual([b1])
  })
})

describe('a mark', () => {
  it('comes back as it was, and is nothing when it is no mark', () => {
    const marks = [protect(v1), label(v1, { a: '' }, ['b']), scrub({ cursor: null })]
    for (const mark of marks) expect(parseMark(Buffer.from(JSON.stringify(mark)))).toEqual(mark)
    for (const text of ['', 'null', '{}', '{"kind":"protect"}', JSON.stringify({ ...protect(v1), version: 'x' })]) {
      expect(parseMark(Buffer.from(text))).toBeUndefined()
    }
  })

  it('has a name that sorts by time', () => {
    const times = fc.integer({ min: 0, max: 2 ** 48 - 1 })
    fc.assert(
      fc.property(times, times, (a, b) => {
        const [nameA, nameB] = [markName(a, 'ffffffff'), markName(b, '00000000')]
        expect(isMarkName(nameA)).toBe(true)
        expect(markTime(nameA)).toBe(a)
        if (a < b) expect(nameA < nameB).toBe(true)
      }),
    )
    expect(['desktop.ini', '0'.repeat(19), `${'0'.repeat(20)}x`, 'G'.repeat(20)].filter(isMarkName)).toEqual([])
  })
})
