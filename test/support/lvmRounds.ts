import type { FileHandle } from 'node:fs/promises'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { subtract, union } from '../../engine/sources/ranges.ts'
import type { Snapshot, TrackedVolume } from '../../engine/tracking/trackedVolume.ts'
import {
  bytesOf,
  collected,
  differences,
  find,
  freshBytes,
  leadsTo,
  nameOf,
  openDirect,
  sh,
  total,
} from './lvmWorld.ts'

/**
 * Compares what the driver says was changed with a comparison byte by byte, round after round, on a volume that is written and
 * discarded at random:
 *   lvmRounds.ts DEVICE CHUNK_BYTES ROUNDS SEED
 * In every third round, writers go on while the snapshot is made. Writes what it found to /share/rounds-METHOD.json.
 */
const [device, chunkText, roundsText, seed] = process.argv.slice(2) as [string, string, string, string]
const chunkBytes = Number(chunkText)
const random = seededRandom(seed)
const sector = 4096
const volume = await find(device)
const save = collected('/share')

/** Somewhere in the volume, in sectors. */
function place(most: number) {
  const sectors = 1 + random.below(most)
  return { offset: random.below(volume.sizeBytes / sector - sectors) * sector, length: sectors * sector }
}

async function change(file: FileHandle): Promise<void> {
  for (let n = random.below(12); n >= 0; n--) {
    const { offset, length } = place(random.below(4) === 0 ? 256 : 8)
    if (volume.method === 'lvm-thin' && random.below(3) === 0) {
      const end = Math.ceil((offset + length) / chunkBytes) * chunkBytes
      const start = Math.floor(offset / chunkBytes) * chunkBytes
      sh('blkdiscard', '-o', String(start), '-l', String(Math.min(end, volume.sizeBytes) - start), device)
    } else await file.write(freshBytes(random, length), 0, length, offset)
  }
}

/** Writes without a pause until it is told to stop. Resolves to how often. */
function writeOn(file: FileHandle): () => Promise<number> {
  let isOver = false
  const writer = async () => {
    let count = 0
    while (!isOver) {
      const { offset, length } = place(4)
      await file.write(freshBytes(random, length), 0, length, offset)
      count++
    }
    return count
  }
  const writers = [writer(), writer()]
  return async () => {
    isOver = true
    return (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
  }
}

const file = await openDirect(device)
const rounds: unknown[] = []
let older: Snapshot | undefined
let before: Buffer = Buffer.alloc(0)
for (let number = 0; number <= Number(roundsText); number++) {
  await change(file)
  const isBusy = number % 3 === 2
  const stop = isBusy ? writeOn(file) : undefined
  const newer: Snapshot = await volume.createSnapshot(nameOf(number))
  const changes = older && (await volume.changes(older, newer))
  const writes = (await stop?.()) ?? 0
  const after = await bytesOf(await volume.activate(newer))
  if (older !== undefined) {
    const real = differences(before, after, chunkBytes)
    const told = changes?.known ? union(changes.written, changes.discarded) : []
    rounds.push({
      number,
      writes,
      why: changes?.known === false ? changes.why : null,
      missing: total(subtract(real, told)),
      tooMuch: total(subtract(told, real)),
      leadsThere: changes !== undefined && leadsTo(before, after, changes),
      changed: total(real),
      discarded: changes?.known ? total(changes.discarded) : 0,
    })
    await letGo(volume, older)
  }
  older = newer
  before = after
}
await file.close()
for (const snapshot of await volume.ownSnapshots()) await volume.removeSnapshot(snapshot)
save(`rounds-${volume.method}`, {
  rounds,
  left: sh('lvs', '--noheadings', '-o', 'lv_name', '--select', 'lv_tags=holdfast'),
})

/** A thin one costs nothing while it is kept; removing them one by one would cost a second each. */
async function letGo(of: TrackedVolume, snapshot: Snapshot): Promise<void> {
  if (of.method === 'lvm-classic') await of.removeSnapshot(snapshot)
}
