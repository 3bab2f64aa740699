import { describe, expect, it } from 'vitest'
import { RecentSpeed } from '../../../engine/base/recentSpeed.ts'

const mib = 1024 * 1024
const pack = 16 * mib

/** What is told after each step of `stepMs`, of which each adds what `bytesAt` says. */
function told(totalMs: number, stepMs: number, bytesAt: (at: number) => number): (number | undefined)[] {
  const speed = new RecentSpeed()
  const all: (number | undefined)[] = []
  let bytes = 0
  for (let at = 0; at <= totalMs; at += stepMs) {
    bytes += bytesAt(at)
    speed.note(at, bytes)
    all.push(speed.bytesPerSecond)
  }
  return all
}

describe('a recent speed', () => {
  it('is not known in the first half second', () => {
    expect(told(750, 250, at => (at === 0 ? 0 : 100))).toEqual([undefined, undefined, undefined, 400])
  })

  it('is the mean over the last ten seconds where much comes', () => {
    const mibPerSecond = 100
    // Four times as fast after a minute.
    const all = told(75_000, 250, at => ((at > 60_000 ? 4 : 1) * mibPerSecond * mib) / 4)
    expect(all[240]! / mib).toBeCloseTo(100, 0)
    expect(all[280]! / mib).toBeCloseTo(400, 0)
  })

  it('moves smoothly where packs come in bursts', () => {
    // One pack every eight seconds: 2 MiB/s.
    const all = told(300_000, 250, at => (at % 8000 === 0 && at > 0 ? pack : 0))
    const later = all.slice(160).map(value => value! / mib)
    expect(Math.min(...later)).toBeGreaterThan(1.5)
    expect(Math.max(...later)).toBeLessThan(2.5)
  })

  it('falls to nothing when nothing comes, and begins anew when it is told to', () => {
    const all = told(200_000, 250, at => (at <= 60_000 ? mib : 0))
    expect(all[240]).toBeGreaterThan(3 * mib)
    expect(all.at(-1)).toBe(0)
    const speed = new RecentSpeed()
    speed.note(0, 0)
    speed.note(1000, 5000)
    speed.clear()
    expect(speed.bytesPerSecond).toBeUndefined()
  })
})
