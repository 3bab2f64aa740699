import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Clock } from '../../../engine/base/clock.ts'
import { dayMs, hourMs, minuteMs } from '../../../engine/base/localTime.ts'
import {
  type DeliveryOutcome,
  DeliveryQueue,
  type DeliveryQueueOptions,
  type DeliveryState,
  deliveryDelay,
  type QueuedItem,
  restoreItems,
} from '../../../engine/notices/deliveryQueue.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

const delivered: DeliveryOutcome = { outcome: 'delivered' }
const down: DeliveryOutcome = { outcome: 'failed', message: 'The server is down.', advice: 'Wait.' }
const refused: DeliveryOutcome = { outcome: 'refused', message: 'Not this one.' }

/** A way that answers as it is told, by default with success, and notes when what was tried. */
class Way {
  readonly clock: Clock & { advance?: (ms: number) => void }
  readonly attempts: { item: string; id: string; at: number }[] = []
  answers: (DeliveryOutcome | Error)[] = []

  constructor(clock: Clock = new LeapingClock()) {
    this.clock = clock
  }

  queue(options: Partial<DeliveryQueueOptions<string>> = {}): DeliveryQueue<string> {
    const send = async (item: string, id: string): Promise<DeliveryOutcome> => {
      this.attempts.push({ item, id, at: this.clock.now() })
      await new Promise(resolve => setImmediate(resolve))
      const answer = this.answers.shift() ?? delivered
      if (answer instanceof Error) throw answer
      return answer
    }
    return new DeliveryQueue({ channel: { send }, clock: this.clock, ...options })
  }

  get items(): string[] {
    return this.attempts.map(attempt => attempt.item)
  }
}

/** A clock on which only the test lets time pass. */
function heldClock() {
  let now = Date.UTC(2030, 0, 1)
  const sleepers = new Set<() => void>()
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        sleepers.add(resolve)
        signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      }),
  }
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const pass = async (ms: number) => {
    now += ms
    for (const wake of sleepers) wake()
    sleepers.clear()
    await settle()
  }
  return { clock, pass, settle }
}

describe('a delivery queue', () => {
  it('delivers in order and has nothing to report', async () => {
    const way = new Way()
    const queue = way.queue()
    for (const item of ['a', 'b', 'c']) queue.add(item)
    await queue.idle()
    expect(way.items).toEqual(['a', 'b', 'c'])
    expect(queue.state).toEqual({ waiting: 0, dropped: 0, lastDelivered: way.clock.now() })
  })

  it('tries again after 1, 2, 4 … minutes, at most an hour, with the same id, and delivers the rest then', async () => {
    const way = new Way()
    way.answers = Array.from({ length: 9 }, () => down)
    const queue = way.queue()
    queue.add('a')
    queue.add('b')
    await queue.idle()
    expect(way.items).toEqual([...Array.from({ length: 10 }, () => 'a'), 'b'])
    expect(new Set(way.attempts.map(attempt => attempt.id)).size).toBe(2)
    const waits = way.attempts.slice(1, 10).map((attempt, index) => (attempt.at - way.attempts[index]!.at) / minuteMs)
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    expect(deliveryDelay(1e6)).toBe(hourMs)
  })

  it('shows what is wrong, since when, and when it tries again, until something is delivered', async () => {
    const way = new Way()
    way.answers = [down, new Error('odd\nthing')]
    const states: DeliveryState[] = []
    const begin = way.clock.now()
    const queue = way.queue({ onState: state => states.push(state) })
    queue.add('a')
    await queue.idle()
    const troubled = states.filter(state => state.lastError !== undefined)
    expect(troubled[0]).toEqual({
      waiting: 1,
      dropped: 0,
      lastError: { message: 'The server is down.', advice: 'Wait.', at: begin },
      since: begin,
      nextAttemptAt: begin + minuteMs,
    })
    expect(troubled.at(-1)).toMatchObject({
      lastError: { message: 'odd thing', at: begin + minuteMs },
      since: begin,
      nextAttemptAt: begin + 3 * minuteMs,
    })
    expect(queue.state).toEqual({ waiting: 0, dropped: 0, lastDelivered: begin + 3 * minuteMs })
  })

  it('gives up a message that is refused and goes on with the next at once', async () => {
    const way = new Way()
    way.answers = [refused]
    const queue = way.queue()
    queue.add('bad')
    await queue.idle()
    expect(queue.state).toMatchObject({ waiting: 0, dropped: 1, lastError: { message: 'Not this one.' } })
    queue.add('good')
    await queue.idle()
    expect(way.attempts.map(attempt => attempt.at - way.clock.now())).toEqual([0, 0])
    expect(queue.state).toEqual({ waiting: 0, dropped: 1, lastDelivered: way.clock.now() })
  })

  it('gives up messages that are too old', async () => {
    const way = new Way()
    way.answers = Array.from({ length: 1000 }, () => down)
    const queue = way.queue({ maxAgeMs: dayMs })
    queue.add('a')
    await queue.idle()
    expect(queue.state).toMatchObject({ waiting: 0, dropped: 1, lastError: { message: 'The server is down.' } })
    expect(way.attempts.length).toBeGreaterThan(20)
    expect(way.attempts.length).toBeLessThan(35)
  })

  it('keeps the newest of too many', async () => {
    const { clock, pass, settle } = heldClock()
    const way = new Way(clock)
    way.answers = [down]
    const queue = way.queue({ maxItems: 3 })
    for (const item of ['a', 'b', 'c', 'd', 'e']) queue.add(item)
    await settle()
    expect(queue.state).toMatchObject({ waiting: 3, dropped: 2 })
    await pass(minuteMs)
    await queue.idle()
    expect(way.items.slice(-3)).toEqual(['c', 'd', 'e'])
  })

  it('tries at once when told that the way is free', async () => {
    const { clock, settle } = heldClock()
    const way = new Way(clock)
    way.answers = [down]
    const queue = way.queue()
    queue.add('a')
    await settle()
    expect(queue.state.waiting).toBe(1)
    queue.retryNow()
    await queue.idle()
    expect(way.items).toEqual(['a', 'a'])
  })

  it('does not wait longer because the clock was set back', async () => {
    const { clock, pass, settle } = heldClock()
    const way = new Way(clock)
    way.answers = [down]
    const queue = way.queue()
    queue.add('a')
    await settle()
    await pass(-1000 * dayMs)
    await pass(minuteMs)
    await queue.idle()
    expect(way.items).toEqual(['a', 'a'])
  })

  it('stops when it is closed and keeps what waits', async () => {
    const { clock, settle } = heldClock()
    const way = new Way(clock)
    way.answers = [down]
    let saved: readonly QueuedItem<string>[] = []
    const queue = way.queue({
      save: items => {
        saved = items
      },
    })
    queue.add('a')
    queue.add('b')
    await settle()
    await queue.close()
    queue.add('c')
    await queue.idle()
    expect(saved.map(entry => entry.item)).toEqual(['a', 'b', 'c'])
    expect(way.items).toEqual(['a'])
  })

  it('ends a delivery under way when it is closed, without calling it a failure', async () => {
    const queue = new DeliveryQueue<string>({
      clock: new LeapingClock(),
      channel: {
        send: (_, __, signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      },
    })
    queue.add('a')
    await queue.close()
    expect(queue.state).toEqual({ waiting: 1, dropped: 0 })
  })
})

describe('what is saved', () => {
  it('brings the messages back after a restart, with their ids', async () => {
    const { clock, settle } = heldClock()
    const before = new Way(clock)
    before.answers = [down]
    let file = ''
    const first = before.queue({
      save: async items => {
        file = JSON.stringify(items)
      },
    })
    first.add('a')
    first.add('b')
    await settle()
    await first.close()

    const after = new Way(clock)
    const second = after.queue({ saved: restoreItems(JSON.parse(file), z.string()) })
    await second.idle()
    expect(after.items).toEqual(['a', 'b'])
    expect(after.attempts[0]!.id).toBe(before.attempts[0]!.id)
  })

  it.each([undefined, null, 'x', {}, [1], [{ id: '', queuedAt: 1, item: 'a' }], [{ id: 'x', queuedAt: 1, item: 7 }]])(
    'and damaged (%j) holds no messages',
    saved => {
      expect(restoreItems(saved, z.string())).toEqual([])
    },
  )

  it('is written once at a time and ends with the newest list', async () => {
    let writers = 0
    const saves: string[] = []
    const queue = new Way().queue({
      save: async items => {
        expect(++writers).toBe(1)
        await new Promise(resolve => setImmediate(resolve))
        saves.push(items.map(entry => entry.item).join())
        writers--
      },
    })
    for (const item of ['a', 'b', 'c']) queue.add(item)
    await queue.idle()
    expect(saves.at(-1)).toBe('')
    expect(queue.state.saveError).toBeUndefined()
  })

  it('may fail: deliveries go on and the state says so until it works again', async () => {
    let full = true
    const way = new Way()
    const queue = way.queue({
      save: () => {
        if (full) throw new Error('disk full')
      },
      onState: () => {
        throw new Error('the screen is gone')
      },
    })
    queue.add('a')
    await queue.idle()
    expect(way.items).toEqual(['a'])
    expect(queue.state).toMatchObject({ waiting: 0, saveError: 'disk full' })
    full = false
    queue.add('b')
    await queue.idle()
    expect(queue.state.saveError).toBeUndefined()
  })
})
