import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ForwardingStorage } from '../../../engine/storage/forwarding.ts'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import { openS3 } from '../../../engine/storage/s3/open.ts'
import type { Range, Storage } from '../../../engine/storage/storage.ts'
import { collect, describeReading, fails, text } from '../../suites/storageReadingSuite.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { ObjectStore } from '../../support/s3/objects.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'

const credentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }
let server: S3Server
let now = Date.UTC(2026, 5, 1)
let places = 0
beforeAll(async () => {
  server = await S3Server.start({ lockClock: () => now })
  server.buckets.set('locked', new ObjectStore({ lock: true }))
})
afterAll(() => server.close())

const openAt = (place: string, options: string) => {
  const location = parseRepositoryUrl(`${server.url(place, 'locked')}?${options}`)
  if (location.scheme !== 's3') throw new Error('not a bucket')
  return openS3(location, { expect: 'nothing', credentials })
}

/** Opens the bucket anew for each call, so that it shows what was just put. */
class AlwaysPast extends ForwardingStorage {
  readonly #open: () => Promise<Storage>

  constructor(inner: Storage, open: () => Promise<Storage>) {
    super(inner)
    this.#open = open
  }

  async #now<T>(ask: (past: Storage) => Promise<T>): Promise<T> {
    const past = await this.#open()
    try {
      return await ask(past)
    } finally {
      await past.close()
    }
  }

  override get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer) {
    return this.#now(past => past.get(name, range, signal, room))
  }

  override stat(name: string, signal?: AbortSignal) {
    return this.#now(past => past.stat(name, signal))
  }

  override async *list(folder: string, signal?: AbortSignal) {
    const past = await this.#open()
    try {
      yield* past.list(folder, signal)
    } finally {
      await past.close()
    }
  }
}

describeReading('a bucket as it was', async () => {
  const place = `past/${places++}`
  const open = () => openAt(place, 'at=2100-01-01')
  return { storage: new AlwaysPast(await open(), open), writer: await openAt(place, 'lock=1') }
})

describeStorage('S3 storage with object lock', async () => {
  const place = `locked/${places++}`
  const open = () => openAt(place, 'lock=1&lock-mode=governance')
  return { storage: await open(), openAgain: open }
})

describe('a bucket as it was', () => {
  it('shows each object as of the moment, whatever came later, and refuses to change', async () => {
    const place = `moments/${places++}`
    const live = await openAt(place, 'lock=1')
    const moments: string[] = []
    const moment = async () => {
      // Past the millisecond that the server keeps.
      const began = Date.now()
      while (Date.now() < began + 3) await new Promise(resolve => setTimeout(resolve, 1))
      moments.push(new Date(Date.now() - 1).toISOString())
    }
    await moment()
    await live.put('things/a', [text('first')])
    await moment()
    await live.put('things/a', [text('second')], { overwrite: true })
    await live.put('things/b', [text('b')])
    await moment()
    await live.delete('things/a')
    await moment()
    await live.put('things/a', [text('third')])
    await moment()
    const seen: Record<string, string>[] = []
    for (const at of moments) {
      const past = await openAt(place, `at=${at}`)
      const found: Record<string, string> = {}
      for (const { name } of await collect(past.list('things'))) {
        found[name] = Buffer.from(await past.get(name)).toString()
      }
      seen.push(found)
      await fails(past.put('things/c', [text('c')]), 'storage.readOnly')
      await fails(past.put('things/a', [text('c')], { overwrite: true }), 'storage.readOnly')
      await fails(past.prepare(['things']), 'storage.readOnly')
      if (found['things/b']) await fails(past.delete('things/b'), 'storage.readOnly')
      await past.put('locks/one', [text('held')], { transient: true })
      expect((await collect(past.list('locks'))).map(({ name }) => name)).toEqual(['locks/one'])
      await past.delete('locks/one')
      expect(await past.stat('locks/one')).toBeUndefined()
      await past.close()
    }
    expect(seen).toEqual([
      {},
      { 'things/a': 'first' },
      { 'things/a': 'second', 'things/b': 'b' },
      { 'things/b': 'b' },
      { 'things/a': 'third', 'things/b': 'b' },
    ])
    expect(await collect(live.list('locks'))).toEqual([])
    await live.close()
  })

  it('loses hidden versions only when their locks have run out, and the marker last', async () => {
    const place = `swept/${places++}`
    now = Date.now()
    const live = await openAt(place, 'lock=2')
    await live.put('things/a', [text('first')])
    await live.put('things/a', [text('second')], { overwrite: true })
    await live.put('things/b', [text('b')])
    await live.delete('things/b')
    await live.put('locks/c', [text('lock')], { transient: true })
    await live.delete('locks/c')
    const swept = await live.objectLock!.sweepHidden()
    // The lock, and what it was hidden by.
    expect(swept).toMatchObject({ removed: 2, freedBytes: 4, waiting: { objects: 2, sizeBytes: 6 } })
    expect(Math.abs(swept.waiting.until - now - 2 * 86_400_000)).toBeLessThan(60_000)
    expect((await collect(live.list('things'))).map(({ name }) => name)).toEqual(['things/a'])
    now += 3 * 86_400_000
    expect(await live.objectLock!.sweepHidden()).toMatchObject({ removed: 3, waiting: { objects: 0 } })
    expect(Buffer.from(await live.get('things/a')).toString()).toBe('second')
    expect(await live.stat('things/b')).toBeUndefined()
    await live.close()
  })

  it('keeps hidden versions from a key that may not remove them, and does not call that a lock', async () => {
    const place = `refused/${places++}`
    const live = await openAt(place, 'lock=2')
    await live.put('locks/c', [text('lock')], { transient: true })
    await live.delete('locks/c')
    server.options.keys = [{ ...ownerKey, mayDelete: false }]
    try {
      await fails(live.objectLock!.sweepHidden(), 'storage.deleteRefused')
    } finally {
      delete server.options.keys
    }
    expect(await live.objectLock!.sweepHidden()).toMatchObject({ removed: 2 })
    await live.close()
  })
})
