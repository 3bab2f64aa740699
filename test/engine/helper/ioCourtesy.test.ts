import { beforeEach, describe, expect, it } from 'vitest'
import type { IoPriority } from '../../../engine/base/linux.ts'
import { IoCourtesy, wantsIdle } from '../../../engine/helper/ioCourtesy.ts'

/** Threads as a kernel keeps them: what is new inherits from the main thread. */
class Threads {
  readonly all = new Map<number, IoPriority>()
  refuses = false

  begin(id: number): void {
    this.all.set(id, this.all.get(process.pid) ?? { class: 'none', level: 0 })
  }
  ioPriority(id: number): IoPriority | 'unsupported' {
    return this.all.get(id) ?? 'unsupported'
  }
  setIoPriority(id: number, priority: IoPriority): 'done' | 'unsupported' {
    if (this.refuses || !this.all.has(id)) return 'unsupported'
    this.all.set(id, priority)
    return 'done'
  }
  get classes(): string[] {
    return [...this.all.values()].map(one => one.class)
  }
}

const [io, other, late] = [2, 3, 4]
let threads: Threads
let courtesy: IoCourtesy
beforeEach(() => {
  threads = new Threads()
  courtesy = new IoCourtesy(threads, () => [...threads.all.keys(), 999_999])
  for (const id of [process.pid, io, other]) threads.begin(id)
  threads.all.set(io, { class: 'best-effort', level: 2 })
})

/** A run that lasts until it is ended. */
function run(priority: 'normal' | 'low') {
  const { promise, resolve } = Promise.withResolvers<void>()
  const over = courtesy.during(priority, () => promise)
  return async () => {
    resolve()
    await over
  }
}

describe('the disks serve the helper last', () => {
  it('only while there are runs, and all of them are of low priority', () => {
    expect(wantsIdle([])).toBe(false)
    expect(wantsIdle(['low', 'low'])).toBe(true)
    expect(wantsIdle(['low', 'normal'])).toBe(false)
  })

  it('until the last of them ends, then as before, also for a thread that began meanwhile', async () => {
    const before = new Map(threads.all)
    const end = [run('low'), run('low')]
    threads.begin(late)
    expect(threads.classes).toEqual(['idle', 'idle', 'idle', 'idle'])
    await end[0]!()
    expect(threads.classes).toEqual(['idle', 'idle', 'idle', 'idle'])
    await end[1]!()
    expect(threads.all).toEqual(new Map([...before, [late, { class: 'none', level: 0 }]]))
  })

  it('but not while a normal run is under way, whichever begins first', async () => {
    const low = run('low')
    const normal = run('normal')
    expect(threads.classes).toEqual(['none', 'best-effort', 'none'])
    await normal()
    expect(threads.classes).toEqual(['idle', 'idle', 'idle'])
    await low()
    expect(threads.classes).toEqual(['none', 'best-effort', 'none'])
  })

  it('and a run does its work where that is refused, or fails by itself', async () => {
    threads.refuses = true
    expect(await courtesy.during('low', async () => 'done')).toBe('done')
    threads.refuses = false
    await expect(courtesy.during('low', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(threads.classes).toEqual(['none', 'best-effort', 'none'])
  })
})
