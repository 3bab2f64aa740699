import type { PackRow } from '../catalogue/blockRows.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { Priority } from '../contract/jobs.ts'
import { BlockFetcher, type Wanted } from '../pipeline/blockFetcher.ts'
import { BlockPool } from '../pipeline/blockPool.ts'
import type { SealedPack } from '../pipeline/blockWorkerProtocol.ts'
import { PackSink } from '../pipeline/packSink.ts'
import type { ProgressMeter } from '../pipeline/progressMeter.ts'
import { type BlockKind, blockKind } from '../repository/format.ts'
import { encodeFrames } from '../repository/pack.ts'
import { PackBuilder } from '../repository/packBuilder.ts'
import type { Repository } from '../repository/repository.ts'

/**
 * Copies the live blocks of packs into new packs and lists these in the index. The old packs are not touched. A pack of which
 * a block cannot be read is left out of `rewritten`, so that nothing is deleted because of a fault in reading.
 */
export async function rewritePacks(
  repository: Repository,
  packs: readonly PackRow[],
  options: { signal: AbortSignal | undefined; priority: Priority | undefined; meter: ProgressMeter },
): Promise<{ rewritten: PackRow[]; storedBytes: number }> {
  if (packs.length === 0) return { rewritten: [], storedBytes: 0 }
  const { keyring, blockSizeBytes, index, blocks: store } = repository
  const sink = new PackSink(repository)
  const pool = new BlockPool(keyring, blockSizeBytes, { priority: options.priority, parallelPuts: sink.parallelPuts })
  const fetcher = new BlockFetcher(repository, pool, options.signal)
  const perSlot = pool.slotBytes / blockSizeBytes
  const rewritten: PackRow[] = []
  let odd: PackBuilder | undefined
  const finishOdd = async () => {
    if (!odd) return
    const { id, wrappedKey, bytes, frames } = odd.finish()
    odd = undefined
    await sink.put({ id, wrappedKey, bytes, frames: encodeFrames(frames) }, () => undefined)
  }
  try {
    for (const pack of packs) {
      throwIfAborted(options.signal, 'The prune')
      if (await copyPack(pack)) rewritten.push(pack)
      options.meter.add(pack.sizeBytes)
    }
    await storePacks(await pool.finishPacks())
    await finishOdd()
    await sink.flush()
    return { rewritten, storedBytes: sink.storedBytes }
  } finally {
    await sink.settle()
    await pool.close()
  }

  /** False when a block cannot be read; what was copied before that is merely there twice. */
  async function copyPack(pack: PackRow): Promise<boolean> {
    const live = index.table.liveBlocksOf(pack.num)
    const whole = live.filter(block => block.kind === blockKind.data && block.plainBytes === blockSizeBytes)
    for (let at = 0; at < whole.length; at += perSlot) {
      if (!(await copyGroup(whole.slice(at, at + perSlot)))) return false
    }
    // Map nodes, and the short last blocks of sources, are few: they need no threads.
    for (const block of live.filter(block => block.kind === blockKind.map || block.plainBytes !== blockSizeBytes)) {
      const kind = block.kind as BlockKind
      const plain = await readOrNothing(block.id, kind)
      if (!plain) return false
      odd ??= new PackBuilder(keyring.pack, { buffer: Buffer.allocUnsafeSlow(256 * 1024) })
      odd.add(kind, block.id, plain)
      if (odd.isFull) await finishOdd()
    }
    return true
  }

  async function copyGroup(group: readonly { id: Buffer; plainBytes: number }[]): Promise<boolean> {
    const slot = await pool.acquire()
    try {
      const wanted = group.map(({ id, plainBytes }, i): Wanted => ({ id, into: i * blockSizeBytes, plainBytes }))
      if ((await fetcher.fetch(slot, wanted)).length > 0) return false
      const ids = Buffer.concat(group.map(block => block.id))
      const every = group.map((_, i) => i)
      await storePacks(await pool.seal(slot, group.length * blockSizeBytes, every, ids))
      return true
    } finally {
      pool.release(slot)
    }
  }

  async function storePacks(packs: readonly SealedPack[]): Promise<void> {
    const put = (pack: SealedPack) =>
      sink.put(
        pack,
        () => undefined,
        () => pool.recycle(pack),
      )
    await Promise.all(packs.map(put))
  }

  async function readOrNothing(id: Buffer, kind: BlockKind): Promise<Buffer | undefined> {
    try {
      return await store.readBlock(id, kind, options.signal)
    } catch (error) {
      if (error instanceof HoldfastError && error.code.startsWith('integrity.')) return undefined
      throw error
    }
  }
}
