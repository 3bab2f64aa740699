import { describe, expect, it } from 'vitest'
import { isPausable, pausedNote, speedWords } from '../../renderer/src/components/progressWords.ts'
import { spoken } from './fake/speech.ts'

const [en, de] = [spoken('en', ['en-GB']), spoken('de')]
const read = 210_000_000
const sent = 12_000_000

describe('the speeds of a run', () => {
  it('are one where nothing goes elsewhere', () => {
    expect(speedWords(en, { bytesPerSecond: read })).toBe('210 MB/s')
    expect(speedWords(en, {})).toBeUndefined()
  })

  it('are told apart for disk and network', () => {
    expect(speedWords(en, { bytesPerSecond: read, sentBytesPerSecond: sent })).toBe(
      'reading 210 MB/s · sending 12 MB/s',
    )
    expect(speedWords(de, { bytesPerSecond: read, sentBytesPerSecond: sent })).toBe('liest 210 MB/s · sendet 12 MB/s')
  })

  it('are that of sending alone where nothing is read any more', () => {
    expect(speedWords(en, { sentBytesPerSecond: sent })).toBe('sending 12 MB/s')
  })
})

describe('a run that is paused', () => {
  const pausedSince = '2026-11-26T13:59:00.000Z'

  it('says that LVM holds the volume, if it does', () => {
    expect(pausedNote(en, { pausedSince, holdsSnapshot: true })).toContain('LVM')
    expect(pausedNote(de, { pausedSince, holdsSnapshot: true })).toContain('LVM')
    expect(pausedNote(en, { pausedSince })).toBeUndefined()
    expect(pausedNote(en, { holdsSnapshot: true })).toBeUndefined()
  })

  it('is of a kind that can be held', () => {
    expect(isPausable({ kind: 'copy' })).toBe(true)
    expect(isPausable({ kind: 'prune' })).toBe(false)
    expect(isPausable({ kind: 'extract' })).toBe(false)
  })
})
