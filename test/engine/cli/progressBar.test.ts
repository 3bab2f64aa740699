import { describe, expect, test } from 'vitest'
import { jsonProgress, progressLine, terminalProgress } from '../../../engine/cli/progressBar.ts'
import type { Progress } from '../../../engine/contract/progress.ts'

const gib = 1024 ** 3
const half: Progress = {
  phase: 'reading',
  doneBytes: 32 * gib,
  totalBytes: 64 * gib,
  bytesPerSecond: 512 * 1024 ** 2,
  secondsLeft: 64,
}

describe('progressLine', () => {
  test('shows phase, bar, percent, bytes, speed and time left', () => {
    expect(progressLine(half, 120)).toBe(
      'Reading  [##########----------]   50 %  32 GiB of 64 GiB  512 MiB/s  1 min 4 s left',
    )
  })

  test('drops the bar first, and never fills the last column', () => {
    const line = progressLine(half, 80)
    expect(line).toBe('Reading   50 %  32 GiB of 64 GiB  512 MiB/s  1 min 4 s left')
    expect(progressLine(half, 30)).toHaveLength(29)
  })

  test('shows what is stored at the end, where there is room beside the bar', () => {
    const storing = { ...half, storedBytes: 3 * gib }
    expect(progressLine(storing, 120)).toBe(`${progressLine(half, 120)}  3 GiB stored`)
    expect(progressLine(storing, 90)).toBe(progressLine(half, 90))
    expect(progressLine({ ...half, storedBytes: 0 }, 120)).toBe(progressLine(half, 120))
  })

  test('tells the speed of the disk from that of the network', () => {
    const sending = { ...half, sentBytesPerSecond: 12 * 1024 ** 2 }
    expect(progressLine(sending, 120)).toContain('  512 MiB/s read, 12 MiB/s sent  1 min 4 s left')
    expect(progressLine({ phase: 'finishing', doneBytes: 0, sentBytesPerSecond: 2048 }, 80)).toBe(
      'Finishing  2 KiB/s sent',
    )
    expect(progressLine({ ...half, sentBytesPerSecond: 0 }, 120)).toContain('512 MiB/s read, 0 B/s sent')
  })

  test('shows what is known when there is no total', () => {
    expect(progressLine({ phase: 'searching', doneBytes: 2048 }, 80)).toBe('Searching  2 KiB')
    expect(progressLine({ phase: 'preparing', doneBytes: 0 }, 80)).toBe('Preparing')
  })

  test('is complete when there was nothing to do, and never more than complete', () => {
    expect(progressLine({ phase: 'restoring', doneBytes: 0, totalBytes: 0 }, 80)).toContain('100 %')
    expect(progressLine({ phase: 'reading', doneBytes: 3, totalBytes: 2 }, 80)).toContain('100 %  2 B of 2 B')
  })

  test('is not complete before it is', () => {
    expect(progressLine({ phase: 'reading', doneBytes: 9999, totalBytes: 10_000 }, 80)).toContain('99 %')
  })
})

describe('terminalProgress', () => {
  test('draws over its own line and takes it away once', () => {
    const written: string[] = []
    const progress = terminalProgress(
      text => void written.push(text),
      () => 80,
    )
    progress.clear()
    progress.report({ phase: 'preparing', doneBytes: 0 })
    progress.clear()
    progress.clear()
    expect(written).toEqual(['\rPreparing\x1b[K', '\r\x1b[K'])
  })
})

describe('jsonProgress', () => {
  test('writes at most four lines in any second, each of them JSON', () => {
    const lines: { at: number; text: string }[] = []
    let now = 0
    const progress = jsonProgress(
      text => void lines.push({ at: now, text }),
      () => now,
    )
    for (; now < 5000; now += 10) progress.report({ ...half, doneBytes: now })
    for (const { at } of lines) {
      expect(lines.filter(line => line.at >= at && line.at < at + 1000).length).toBeLessThanOrEqual(4)
    }
    expect(lines.length).toBe(20)
    expect(JSON.parse(lines[0]!.text)).toEqual({ ...half, doneBytes: 0 })
    expect(lines.every(({ text }) => text.endsWith('\n'))).toBe(true)
  })
})
