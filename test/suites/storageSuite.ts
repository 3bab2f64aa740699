import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  badNames,
  collect,
  describeReading,
  fails,
  fill,
  folders,
  type MakeStorage,
  namesIn,
  text,
  useStorage,
} from './storageReadingSuite.ts'

/** Everything that a storage guarantees. */
export function describeStorage(name: string, make: MakeStorage): void {
  describeReading(name, make)
  describeWriting(name, make)
}

function describeWriting(name: string, make: MakeStorage): void {
  describe(`${name}, writing`, () => {
    const at = useStorage(make)
    const read = async (name: string) => Buffer.from(await at.storage.get(name)).toString()

    it('leaves an existing object alone unless told to overwrite it', async () => {
      await at.storage.put('things/a', [text('first')])
      await fails(at.storage.put('things/a', [text('second')]), 'storage.objectExists')
      await fails(at.storage.put('things/a', [text('third')], { overwrite: false }), 'storage.objectExists')
      expect(await read('things/a')).toBe('first')
    })

    it('overwrites whole objects, by shorter and by longer ones', async () => {
      for (const value of ['first', 'x', 'a longer one', '']) {
        await at.storage.put('things/a', [text(value)], { overwrite: true })
        expect(await read('things/a')).toBe(value)
        expect((await at.storage.stat('things/a'))?.sizeBytes).toBe(value.length)
      }
      expect(await namesIn(at.storage, 'things')).toEqual(['things/a'])
    })

    it('keeps no hold of the parts', async () => {
      const part = text('abc')
      await at.storage.put('things/a', [part])
      part.fill(0)
      expect(await read('things/a')).toBe('abc')
    })

    it('tells of all that it sends, again when it sends it again, or of nothing where it cannot', async () => {
      let sent = 0
      let times = 0
      const onSent = (bytes: number) => {
        expect(bytes).toBeGreaterThan(0)
        sent += bytes
        times++
      }
      await at.storage.put('things/a', [fill(700_000, 1), fill(300_001, 2)], { onSent })
      expect(sent % 1_000_001).toBe(0)
      if (at.tellsSent) expect(times).toBeGreaterThan(2)
    })

    it('accepts names of 200 characters', async () => {
      const name = `things/${'n'.repeat(193)}`
      await at.storage.put(name, [text('long')])
      expect(await read(name)).toBe('long')
      expect(await namesIn(at.storage, 'things')).toEqual([name])
    })

    it('accepts names that begin with a dot, a dash or an underscore', async () => {
      const names = ['things/-a', 'things/..a', 'things/.tmp-a', 'things/_a']
      for (const name of names) await at.storage.put(name, [text(name)])
      expect(await namesIn(at.storage, 'things')).toEqual(names)
      expect(await read('things/.tmp-a')).toBe('things/.tmp-a')
    })

    it('calls a name outside the alphabet a bug', async () => {
      for (const name of badNames) {
        await fails(at.storage.put(name, [text('x')]), 'internal.bug')
        await fails(at.storage.delete(name), 'internal.bug')
        await fails(at.storage.prepare([name]), 'internal.bug')
      }
    })

    it('shows every change at once to whoever else has the place open', async () => {
      const other = (await at.openAgain?.()) ?? at.storage
      try {
        await at.storage.put('things/a', [text('1')])
        expect(Buffer.from(await other.get('things/a')).toString()).toBe('1')
        await at.storage.put('things/a', [text('23')], { overwrite: true })
        expect((await other.stat('things/a'))?.sizeBytes).toBe(2)
        await fails(other.put('things/a', [text('4')]), 'storage.objectExists')
        await at.storage.delete('things/a')
        expect(await namesIn(other, 'things')).toEqual([])
        expect(await other.stat('things/a')).toBeUndefined()
      } finally {
        if (other !== at.storage) await other.close()
      }
    })

    it('lets exactly one of several puts of one name win, whole', async () => {
      const other = (await at.openAgain?.()) ?? at.storage
      try {
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            [at.storage, other][index % 2]!.put('things/a', [fill(100_000 + index, index)]).then(
              () => index,
              error => error.code,
            ),
          ),
        )
        const winners = outcomes.filter(outcome => typeof outcome === 'number')
        const losers = outcomes.filter(outcome => outcome === 'storage.objectExists')
        expect(winners.length + losers.length).toBe(12)
        if (at.exclusive === 'best effort') expect(winners.length).toBeGreaterThan(0)
        else expect(winners.length).toBe(1)
        const held = await at.storage.get('things/a')
        expect(winners.some(winner => Buffer.compare(held, fill(100_000 + winner, winner)) === 0)).toBe(true)
        // Whoever comes later is never let through.
        await fails(at.storage.put('things/a', [text('late')]), 'storage.objectExists')
      } finally {
        if (other !== at.storage) await other.close()
      }
    })

    it('never shows a part of an object while it is written or replaced', async () => {
      const sizeOf = (value: number) => 300_000 + value * 1000
      let writing = true
      const watch = async () => {
        let seen = 0
        while (writing) {
          for (const info of await collect(at.storage.list('things'))) {
            expect((info.sizeBytes - 300_000) % 1000).toBe(0)
            const data = await at.storage.get('things/a')
            expect(data.length).toBe(sizeOf(data[0]!))
            expect(data.every(byte => byte === data[0])).toBe(true)
            seen++
          }
          await new Promise(resolve => setImmediate(resolve))
        }
        return seen
      }
      const write = async () => {
        for (let value = 0; value < 20; value++) {
          await at.storage.put('things/a', [fill(100_000, value), fill(sizeOf(value) - 100_000, value)], {
            overwrite: true,
          })
          await new Promise(resolve => setImmediate(resolve))
        }
        writing = false
      }
      const [seen] = await Promise.all([watch(), write()])
      expect(seen).toBeGreaterThan(0)
    })

    it('does many things at the same time', async () => {
      const data = fill(1_000_000, 5)
      const names = Array.from({ length: 12 }, (_, index) => `packs/0${index % 2}/${index}`)
      await Promise.all(names.map(name => at.storage.put(name, [text(name), data])))
      const back = await Promise.all(names.map(name => at.storage.get(name)))
      expect(back.map(bytes => bytes.length)).toEqual(names.map(name => name.length + data.length))
      await Promise.all(names.map(name => at.storage.delete(name)))
      expect(await namesIn(at.storage, 'packs')).toEqual([])
    })

    it('removes an object, and what is not there as well', async () => {
      await at.storage.put('things/a', [text('a')])
      await at.storage.put('things/ab', [text('ab')])
      await at.storage.delete('things/a')
      await at.storage.delete('things/a')
      await at.storage.delete('nowhere/a')
      await fails(at.storage.get('things/a'), 'storage.objectNotFound')
      expect(await namesIn(at.storage, 'things')).toEqual(['things/ab'])
      await at.storage.put('things/a', [text('again')])
      expect(await read('things/a')).toBe('again')
    })

    it('does nothing when it is cancelled before it begins', async () => {
      const signal = AbortSignal.abort()
      await at.storage.put('things/a', [text('a')])
      await fails(at.storage.put('things/b', [text('b')], { signal }), 'run.cancelled')
      await fails(at.storage.put('things/a', [text('b')], { overwrite: true, signal }), 'run.cancelled')
      await fails(at.storage.delete('things/a', signal), 'run.cancelled')
      await fails(at.storage.prepare(folders, signal), 'run.cancelled')
      await fails(at.storage.sweepTemporary(signal), 'run.cancelled')
      expect(await namesIn(at.storage, 'things')).toEqual(['things/a'])
      expect(await read('things/a')).toBe('a')
    })

    it('has stored all or nothing when a put is cancelled in the middle', async () => {
      for (let round = 0; round < 6; round++) {
        const abort = new AbortController()
        const name = `packs/00/${round}`
        const put = at.storage.put(name, [fill(12_000_000, round)], { signal: abort.signal }).then(
          () => 'stored',
          error => error.code,
        )
        for (let turn = 0; turn < round; turn++) await new Promise(resolve => setImmediate(resolve))
        abort.abort()
        const outcome = await put
        expect(['stored', 'run.cancelled']).toContain(outcome)
        expect((await at.storage.stat(name))?.sizeBytes).toBe(outcome === 'stored' ? 12_000_000 : undefined)
      }
    })

    it('can be prepared again as long as it holds nothing', async () => {
      await at.storage.prepare(folders)
      await at.storage.prepare([...folders, 'more'])
      await at.storage.put('more/a', [text('a')])
    })

    it('refuses to prepare a place that holds a config or any object', async () => {
      await at.storage.put('config', [text('{}')])
      await fails(at.storage.prepare(folders), 'repository.alreadyExists')
      await at.storage.put('things/a', [text('a')])
      await at.storage.delete('config')
      await fails(at.storage.prepare(folders), 'repository.alreadyExists')
      expect(await read('things/a')).toBe('a')
    })

    it('sweeps no objects', async () => {
      await at.storage.put('things/a', [text('a')])
      expect(await at.storage.sweepTemporary()).toBe(0)
      expect(await read('things/a')).toBe('a')
    })

    it('behaves like a map under any sequence of calls', async () => {
      const nameOf = fc.constantFrom('things/a', 'things/b', 'deep/er/a', 'deep/er/est/a')
      const value = fc.uint8Array({ maxLength: 40 })
      const step = fc.oneof(
        fc.record({ kind: fc.constant('put' as const), name: nameOf, value, overwrite: fc.boolean() }),
        fc.record({ kind: fc.constant('delete' as const), name: nameOf }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
          const model = new Map<string, Uint8Array>()
          for (const [index, step] of steps.entries()) {
            if (step.kind === 'delete') {
              await at.storage.delete(step.name)
              model.delete(step.name)
            } else if (step.overwrite || !model.has(step.name)) {
              const value = Buffer.concat([step.value, Buffer.of(index)])
              await at.storage.put(step.name, [step.value, Buffer.of(index)], { overwrite: step.overwrite })
              model.set(step.name, value)
            } else {
              // The index makes all values differ: a retried put may take an equal object for its own.
              await fails(at.storage.put(step.name, [step.value, Buffer.of(index)]), 'storage.objectExists')
            }
          }
          const held = [...(await namesIn(at.storage, 'things')), ...(await namesIn(at.storage, 'deep'))]
          expect(held.sort()).toEqual([...model.keys()].sort())
          for (const [name, data] of model) expect(Buffer.compare(await at.storage.get(name), data)).toBe(0)
          for (const name of held) await at.storage.delete(name)
        }),
        { numRuns: 25 },
      )
    })
  })
}
