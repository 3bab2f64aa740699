import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { helperContract } from '../../engine/contract/helperContract.ts'
import { answerCalls } from '../../main/callHandlers.ts'
import { type Page, type PageEvent, PageWatches } from '../../main/pageWatches.ts'
import { relayTopics } from '../../main/topicRelay.ts'
import { callNames, topicNames } from '../../preload/contractNames.ts'

const own = { origin: 'app://holdfast', parent: null }
const foreign = { origin: 'https://elsewhere.invalid', parent: null }

describe('calls of pages', () => {
  const asked: unknown[] = []
  const answers = new Map<string, (event: { senderFrame: typeof own | null }, input: unknown) => unknown>()
  answerCalls(
    { handle: (channel, answer) => void answers.set(channel, answer) },
    {
      async call(name, input) {
        asked.push([name, input])
        if (name === 'jobs.pause') throw new HoldfastError('config.notFound', 'There is no such job.')
        if (name === 'jobs.resume') throw new Error('secret detail')
        return {} as never
      },
    },
  )
  const ask = (name: string, input: unknown, senderFrame: typeof own | null = own) =>
    answers.get(`call:${name}`)!({ senderFrame }, input)

  it('have a channel each, and there is no other', () => {
    expect([...answers.keys()]).toEqual(Object.keys(helperContract.calls).map(name => `call:${name}`))
    expect(callNames).toEqual(Object.keys(helperContract.calls))
    expect(topicNames).toEqual(Object.keys(helperContract.topics))
  })

  it('reach the helper when they fit, and come back as values', async () => {
    expect(await ask('jobs.run', { job: 'Photos' })).toEqual({ ok: true, value: {} })
    expect(asked.splice(0)).toEqual([['jobs.run', { job: 'Photos' }]])
    expect(await ask('jobs.pause', { job: 'x', until: 'forever' })).toMatchObject({
      ok: false,
      error: { code: 'config.notFound' },
    })
    expect(await ask('jobs.resume', { job: 'x' })).toMatchObject({ ok: false, error: { code: 'internal.bug' } })
    asked.splice(0)
  })

  it.each([
    ['of foreign pages', { job: 'x' }, foreign, 'access.denied'],
    ['of frames that are gone', { job: 'x' }, null, 'access.denied'],
    ['without input', undefined, own, 'usage.invalid'],
    ['with too much', { job: 'x', path: '/dev/sda' }, own, 'usage.invalid'],
    ['with too long a text', { job: 'x'.repeat(101) }, own, 'usage.invalid'],
  ])('%s never reach it', async (_, input, frame, code) => {
    expect(await ask('jobs.run', input, frame)).toMatchObject({ ok: false, error: { code } })
    expect(asked).toEqual([])
  })
})

describe('topics that pages watch', () => {
  class FakePage implements Page {
    readonly id: number
    readonly got: unknown[][] = []
    #destroyed: () => void = () => undefined
    #isDestroyed = false

    constructor(id: number) {
      this.id = id
    }
    isDestroyed = () => this.#isDestroyed
    send = (...args: unknown[]) => void this.got.push(args)
    once = (_event: 'destroyed', listener: () => void) => {
      this.#destroyed = listener
    }
    destroy() {
      this.#isDestroyed = true
      this.#destroyed()
    }
  }

  function world() {
    const hearers = new Map<string, (event: PageEvent, ...args: unknown[]) => void>()
    const watchers = new Set<{ change(value: unknown): void }>()
    const watches = new PageWatches()
    relayTopics({ on: (channel, hearer) => hearers.set(channel, hearer) }, watches, {
      watch(_topic, watcher) {
        const held = watcher as unknown as { change(value: unknown): void }
        watchers.add(held)
        return () => void watchers.delete(held)
      },
    })
    const ask = (page: Page, request: unknown, senderFrame: typeof own | null = own) =>
      hearers.get('topic:jobs')!({ sender: page, senderFrame }, request)
    const change = (value: unknown) => {
      for (const watcher of watchers) watcher.change(value)
    }
    return { watches, watchers, ask, change }
  }

  it('are told under the number of each watcher until it stops', () => {
    const { ask, change, watchers } = world()
    const page = new FakePage(1)
    ask(page, { watch: 1 })
    ask(page, { watch: 2 })
    change('a')
    ask(page, { unwatch: 1 })
    change('b')
    expect(page.got.map(([channel, number, news]) => [channel, number, (news as { change: unknown }).change])).toEqual([
      ['topic:jobs', 1, 'a'],
      ['topic:jobs', 2, 'a'],
      ['topic:jobs', 2, 'b'],
    ])
    ask(page, { watch: 2 })
    expect(watchers.size).toBe(1)
  })

  it('end with the page, whether it goes or another comes in its place', () => {
    const { ask, watches, watchers } = world()
    const [first, second] = [new FakePage(1), new FakePage(2)]
    ask(first, { watch: 1 })
    ask(second, { watch: 1 })
    first.destroy()
    expect(watchers.size).toBe(1)
    watches.endAll(second)
    expect(watchers.size).toBe(0)
  })

  it.each([
    ['a foreign page', { watch: 1 }, foreign],
    ['nobody', { watch: 1 }, null],
    ['a page that asks for something else', { watch: 'all' }, own],
    ['a page that asks for nothing', null, own],
    ['a page that asks for both', { watch: 1, unwatch: 2 }, own],
  ])('are not told to %s', (_, request, frame) => {
    const { ask, watchers } = world()
    ask(new FakePage(1), request, frame)
    expect(watchers.size).toBe(0)
  })

  it('are so many for a page and no more', () => {
    const { ask, watchers } = world()
    const page = new FakePage(1)
    for (let number = 1; number <= 500; number++) ask(page, { watch: number })
    expect(watchers.size).toBe(100)
  })
})
