import { describe, expect, test } from 'vitest'
import { Interruption } from '../../../engine/cli/interruption.ts'

describe('Interruption', () => {
  test('tells work that took the signal to stop, and ends the process at the second time', () => {
    const interruption = new Interruption()
    const signal = interruption.takeSignal()
    expect(interruption.interrupt()).toBe('wait')
    expect(signal.aborted).toBe(true)
    expect(interruption.isAbandoned).toBe(false)
    expect(interruption.interrupt()).toBe('exit')
  })

  test('abandons what cannot be told to stop', async () => {
    const interruption = new Interruption()
    expect(interruption.interrupt()).toBe('wait')
    await expect(interruption.abandonment).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(interruption.isAbandoned).toBe(true)
    expect(interruption.interrupt()).toBe('exit')
  })

  test('keeps the signal quiet until somebody interrupts', () => {
    expect(new Interruption().takeSignal().aborted).toBe(false)
  })
})
