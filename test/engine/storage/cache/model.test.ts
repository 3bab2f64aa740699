import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { randomBytes } from '../../../../engine/base/random.ts'
import { isHoldfastError } from '../../../../engine/contract/errors.ts'
import { CacheFolder } from '../../../../engine/storage/cache/cacheFolder.ts'
import { windowBytes } from '../../../../engine/storage/cache/entry.ts'
import { caching } from '../../../../engine/storage/caching.ts'
import { MemoryStorage } from '../../../../engine/storage/memory.ts'
import type { Range, Storage } from '../../../../engine/storage/storage.ts'
import { collect } from '../../../suites/storageReadingSuite.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()

const names = ['packs/00/a', 'packs/00/b', 'locks/a']
const name = fc.constantFrom(...names)
const who = fc.nat({ max: 1 })
const sizes = fc.oneof(fc.nat({ max: 50 }), fc.integer({ min: windowBytes - 2, max: windowBytes * 3 }))
const range = fc.record({
  offset: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: windowBytes * 3 })),
  length: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: windowBytes * 2 })),
})

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('put' as const), who, name, sizes, overwrite: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), who, name }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('get' as const), who, name, range }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('getTwice' as const), who, name, range, other: range }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('getAll' as const), who, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), who, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), who }) },
  // What another computer changes: only what is not kept, or what was not read here before.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('putElsewhere' as const), sizes }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('damage' as const),
      how: fc.constantFrom('cut', 'flip', 'swap', 'remove', 'all'),
      lot: fc.nat(),
    }),
  },
)

it('gives what the storage itself would, whatever is done to its folder', async () => {
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), fc.boolean(), async (steps, isSmall) => {
      const path = join(temporary.path, `cache-${round++}`)
      const memory = new MemoryStorage()
      const limitBytes = isSmall ? windowBytes * 6 : 1024 ** 3
      const open = () =>
        caching(memory, {
          folder: new CacheFolder({ path, limitBytes: async () => limitBytes }),
          place: 'here',
          isImmutable: name => name.startsWith('packs/'),
        })
      const both = [open(), open()]
      const same = async (storage: Storage, ask: (storage: Storage) => Promise<unknown>) =>
        expect(await outcome(ask(storage))).toEqual(await outcome(ask(memory)))
      for (const [at, step] of steps.entries()) {
        if (step.kind === 'put') {
          const { name, sizes, overwrite } = step
          await outcome(both[step.who]!.put(name, [content(sizes)], { overwrite }))
        } else if (step.kind === 'delete') await both[step.who]!.delete(step.name)
        else if (step.kind === 'get') await same(both[step.who]!, one => one.get(step.name, step.range))
        else if (step.kind === 'getTwice') {
          const read = (range: Range) => same(both[step.who]!, one => one.get(step.name, range))
          await Promise.all([read(step.range), read(step.other), read(step.range)])
        } else if (step.kind === 'getAll') await same(both[step.who]!, one => one.get(step.name))
        else if (step.kind === 'look') {
          await same(both[step.who]!, one => one.stat(step.name))
          await same(both[step.who]!, one => collect(one.list('packs')))
        } else if (step.kind === 'reopen') both[step.who] = open()
        else if (step.kind === 'putElsewhere') {
          await memory.put('locks/a', [content(step.sizes)], { overwrite: true })
          await memory.put(`packs/01/${at}`, [content(step.sizes)])
        } else await damage(path, step.how, step.lot)
      }
      for (const name of names) {
        for (const storage of both) await same(storage, one => one.get(name))
      }
      await rm(path, { recursive: true, force: true })
    }),
    { numRuns: 150 },
  )
})

/** Different at every place and in every step. */
const content = (sizeBytes: number) => Buffer.alloc(sizeBytes, randomBytes(1009))

/** What a call came to, in a form that can be compared. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    const value = await promise
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return { code: error.code, message: error.message }
  }
}

async function damage(path: string, how: string, lot: number): Promise<void> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const file = files[lot % files.length]
  if (file === undefined) return
  const content = await readFile(file)
  // Small numbers are drawn more often than others, and would only ever hit the header.
  const place = Math.imul(lot, 2654435761) >>> 0
  if (how === 'cut') await truncate(file, place % content.length)
  else if (how === 'remove') await rm(file)
  else if (how === 'all') await rm(path, { recursive: true })
  else if (how === 'swap') await writeFile(file, await readFile(files[(lot + 1) % files.length]!))
  else {
    content[place % content.length]! ^= 1 << (lot % 8)
    await writeFile(file, content)
  }
}
