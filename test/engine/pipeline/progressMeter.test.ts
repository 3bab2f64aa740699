import { describe, expect, it } from 'vitest'
import { PauseGate } from '../../../engine/base/pauseGate.ts'
import type { Progress } from '../../../engine/contract/progress.ts'
import { ProgressMeter } from '../../../engine/pipeline/progressMeter.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

function make(tellsSpeed?: boolean) {
  const clock = new LeapingClock()
  const gate = new PauseGate(clock)
  const told: Progress[] = []
  const report = (progress: Progress) => void told.push(progress)
  const storing = tellsSpeed === undefined ? undefined : { stored: () => 7, tellsSpeed }
  const meter = new ProgressMeter(gate.workingTime, report, storing)
  const every = (count: number, ms: number, work: () => void) => {
    for (let i = 0; i < count; i++) {
      clock.advance(ms)
      work()
    }
  }
  return { clock, gate, told, meter, every }
}

describe('a progress meter', () => {
  it('tells the speed of reading from that of sending', () => {
    const { meter, told, every } = make(true)
    meter.phase('reading', 100_000)
    every(40, 100, () => {
      meter.add(1000)
      meter.sent(50)
    })
    meter.end()
    expect(told.at(-1)).toMatchObject({ bytesPerSecond: 10_000, storedBytes: 7, secondsLeft: 6 })
    expect(told.at(-1)!.sentBytesPerSecond).toBeGreaterThan(480)
    expect(told.at(-1)!.sentBytesPerSecond).toBeLessThan(530)
  })

  it('says nothing of sending where that says nothing', () => {
    for (const tells of [false, undefined]) {
      const { meter, told, every } = make(tells)
      meter.phase('reading', 100_000)
      every(40, 100, () => meter.sent(1000))
      expect(told.length).toBeGreaterThan(10)
      for (const one of told) expect(one).not.toHaveProperty('sentBytesPerSecond')
    }
  })

  it('goes on telling of sending while nothing is read, over all phases', () => {
    const { meter, told, every } = make(true)
    meter.phase('reading', 10_000)
    every(20, 100, () => meter.add(500))
    meter.phase('finishing')
    every(20, 100, () => meter.sent(500))
    expect(told.at(-1)).toMatchObject({ phase: 'finishing', doneBytes: 0 })
    expect(told.at(-1)!.sentBytesPerSecond).toBeGreaterThan(4000)
    expect(told.at(-1)).not.toHaveProperty('bytesPerSecond')
    // Four in a second at most, and the first of each phase.
    expect(told.length).toBeLessThanOrEqual(2 + 4 * 4)
  })

  it('counts nothing of a pause, neither in speeds nor in the time left', () => {
    const { meter, told, every, gate, clock } = make(true)
    meter.phase('reading', 100_000)
    const work = () => {
      meter.add(1000)
      meter.sent(1000)
    }
    every(20, 100, work)
    const before = told.at(-1)!
    gate.pause()
    clock.advance(3_600_000)
    gate.resume()
    every(3, 100, work)
    const after = told.at(-1)!
    expect(after.bytesPerSecond).toBe(before.bytesPerSecond)
    expect(after.secondsLeft).toBeLessThanOrEqual(before.secondsLeft!)
    expect(after.sentBytesPerSecond).toBeGreaterThan(9000)
  })
})
