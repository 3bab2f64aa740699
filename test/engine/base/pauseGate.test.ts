import { describe, expect, it } from 'vitest'
import { PauseGate } from '../../../engine/base/pauseGate.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

function make() {
  const clock = new LeapingClock()
  const gate = new PauseGate(clock)
  const order: string[] = []
  const enter = async (name: string, signal?: AbortSignal) => {
    await gate.pass(signal)
    order.push(name)
  }
  return { clock, gate, order, enter }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('a pause gate', () => {
  it('lets through at once until it is paused, and has nothing to wait for then', () => {
    const { gate } = make()
    expect(gate.pass()).toBeUndefined()
    expect(gate.resume()).toBe(false)
  })

  it('holds whoever comes until it is resumed, also when it is paused anew meanwhile', async () => {
    const { gate, order, enter } = make()
    expect(gate.pause()).toBe(true)
    expect(gate.pause()).toBe(false)
    const waiting = [enter('a'), enter('b')]
    await turn()
    expect(order).toEqual([])
    gate.resume()
    gate.pause()
    await turn()
    expect(order).toEqual([])
    expect(gate.resume()).toBe(true)
    await Promise.all(waiting)
    expect(order).toEqual(['a', 'b'])
  })

  it('lets those go whose call is cancelled', async () => {
    const { gate, enter, order } = make()
    gate.pause()
    const abort = new AbortController()
    const waiting = enter('a', abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'run.cancelled' })
    await expect(enter('b', abort.signal)).rejects.toMatchObject({ code: 'run.cancelled' })
    gate.resume()
    await enter('c')
    expect(order).toEqual(['c'])
  })

  it('is open for good once it has ended', async () => {
    const { gate, enter, order } = make()
    gate.pause()
    const waiting = enter('a')
    gate.end()
    await waiting
    expect(gate.pause()).toBe(false)
    expect(gate.isPaused).toBe(false)
    expect(order).toEqual(['a'])
  })

  it('counts no time while it is paused', () => {
    const { clock, gate } = make()
    const { workingTime } = gate
    const began = workingTime.monotonic()
    clock.advance(1000)
    gate.pause()
    clock.advance(60_000)
    expect(workingTime.monotonic() - began).toBe(1000)
    expect(workingTime.now()).toBe(clock.now())
    gate.resume()
    clock.advance(500)
    gate.pause()
    clock.advance(60_000)
    gate.resume()
    expect(workingTime.monotonic() - began).toBe(1500)
  })
})
