import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import type { RepositoryId } from '../../../engine/contract/ids.ts'
import { BlockPool } from '../../../engine/pipeline/blockPool.ts'
import type { SealedPack } from '../../../engine/pipeline/blockWorkerProtocol.ts'
import { deriveKeyring } from '../../../engine/repository/keyring.ts'
import { collectGarbage } from '../../support/collectGarbage.ts'

const keyring = deriveKeyring(randomBytes(32), '0'.repeat(32) as RepositoryId)
const blockSize = 32 * 1024
const MB = 1e6

const makePool = () => new BlockPool(keyring, blockSize, { threads: 1 })

/** Has a thread name and seal a slot of text. */
async function seal(pool: BlockPool) {
  const slot = await pool.acquire()
  slot.bytes.fill('some text that can be compressed ')
  const { ids } = await pool.identify(slot, 8 * blockSize)
  await pool.seal(slot, 8 * blockSize, [0, 1, 2, 3, 4, 5, 6, 7], ids)
  return await pool.finishPacks()
}

describe('the threads for blocks', () => {
  it('leave no memory behind when they end', { timeout: 300_000 }, async () => {
    const cycle = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const pool = makePool()
        expect(await seal(pool)).toHaveLength(1)
        await pool.close()
      }
      await collectGarbage()
      return process.memoryUsage().rss
    }
    const before = await cycle(15)
    // What one thread uses of zstd alone is more than half a megabyte.
    expect((await cycle(60)) - before).toBeLessThan(20 * MB)
  })

  it('end after what they were told to do, and take nothing more', async () => {
    const pool = makePool()
    const slot = await pool.acquire()
    const named = pool.identify(slot, blockSize)
    await Promise.all([pool.close(), pool.close()])
    expect((await named).ids).toHaveLength(16)
    await expect(pool.identify(slot, blockSize)).rejects.toMatchObject({ code: 'internal.bug' })
  })

  it('fail what waits for them when one breaks down, and can be ended all the same', async () => {
    const pool = makePool()
    const slot = await pool.acquire()
    // More ids than there can be memory for.
    const broken = pool.identify(slot, 2 ** 52)
    await expect(broken).rejects.toThrow()
    await pool.close()
  })

  describe('that have sealed as many packs as there is memory for', () => {
    const sealedFull = async () => {
      const pool = new BlockPool(keyring, blockSize, { threads: 1, parallelPuts: 1 })
      const slot = await pool.acquire()
      slot.bytes.set(randomBytes(slot.bytes.length))
      const blocks = Array.from({ length: slot.bytes.length / blockSize }, (_, i) => i)
      const { ids } = await pool.identify(slot, slot.bytes.length)
      const sealOnce = () => pool.seal(slot, slot.bytes.length, blocks, ids)
      const packs: SealedPack[] = []
      while (packs.length < 2) packs.push(...(await sealOnce()))
      return { pool, slot, packs, sealOnce }
    }

    it('wait until some is given back, and do other work meanwhile', async () => {
      const { pool, slot, packs, sealOnce } = await sealedFull()
      const done: number[] = []
      const waiting = [1, 2].map(n => sealOnce().then(() => done.push(n)))
      for (let i = 0; i < 20; i++) await pool.identify(slot, slot.bytes.length)
      expect(done).toEqual([])
      pool.recycle(packs[0]!)
      await Promise.all(waiting)
      expect(done).toEqual([1, 2])
      const [last] = await pool.finishPacks()
      expect(last!.area).toBe(packs[0]!.area)
      await pool.close()
    })

    it('end all the same', async () => {
      const { pool, sealOnce } = await sealedFull()
      const waiting = sealOnce()
      await pool.close()
      expect(await waiting).toEqual([])
    })
  })

  it('need not have been started', async () => {
    await makePool().close()
  })
})
