import { describe, expect, it } from 'vitest'
import { SharedReads } from '../../../../engine/storage/cache/sharedReads.ts'

function heldRead() {
  const go = Promise.withResolvers<Uint8Array>()
  let signal: AbortSignal | undefined
  let isCurrent = () => false
  const read = (_start: number, _end: number, its: AbortSignal, current: () => boolean) => {
    signal = its
    isCurrent = current
    return go.promise
  }
  return { go, read, isAborted: () => signal?.aborted, isCurrent: () => isCurrent() }
}

const bytes = Uint8Array.of(1, 2, 3)

describe('reads that are shared', () => {
  it('are found by who wants a part of them, until they have ended', async () => {
    const reads = new SharedReads()
    const held = heldRead()
    const first = reads.begin('a', 10, 20, held.read)
    expect(reads.find('a', 12, 20)).toBe(first)
    expect(reads.find('a', 9, 12)).toBeUndefined()
    expect(reads.find('a', 12, 21)).toBeUndefined()
    expect(reads.find('b', 12, 20)).toBeUndefined()
    held.go.resolve(bytes)
    expect(await first.wait(undefined)).toBe(bytes)
    expect(reads.find('a', 12, 20)).toBeUndefined()
  })

  it('go on for those who still wait when another leaves', async () => {
    const reads = new SharedReads()
    const held = heldRead()
    const abort = new AbortController()
    const first = reads.begin('a', 0, 3, held.read).wait(abort.signal)
    const second = reads.find('a', 0, 3)!.wait(undefined)
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(held.isAborted()).toBe(false)
    held.go.resolve(bytes)
    expect(await second).toBe(bytes)
  })

  it('are broken off when nobody waits any more, and then found by nobody', async () => {
    const reads = new SharedReads()
    const held = heldRead()
    const abort = new AbortController()
    const first = reads.begin('a', 0, 3, held.read).wait(abort.signal)
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(held.isAborted()).toBe(true)
    expect(reads.find('a', 0, 3)).toBeUndefined()
    held.go.reject(new Error('broken off'))
    await reads.settled('a')
  })

  it('fail for everybody who waits', async () => {
    const reads = new SharedReads()
    const held = heldRead()
    const both = [reads.begin('a', 0, 3, held.read).wait(undefined), reads.find('a', 0, 3)!.wait(undefined)]
    held.go.reject(new Error('no'))
    for (const one of both) await expect(one).rejects.toThrow('no')
  })

  it('are given to nobody who comes after the object was replaced', async () => {
    const reads = new SharedReads()
    const held = heldRead()
    const first = reads.begin('a', 0, 3, held.read).wait(undefined)
    expect(held.isCurrent()).toBe(true)
    reads.discredit('a')
    expect(held.isCurrent()).toBe(false)
    expect(reads.find('a', 0, 3)).toBeUndefined()
    held.go.resolve(bytes)
    expect(await first).toBe(bytes)
  })
})
