import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { subtract, union } from '../../engine/sources/ranges.ts'
import type { Snapshot, TrackedVolume } from '../../engine/tracking/trackedVolume.ts'
import { bytesOf, collected, differences, find, leadsTo, nameOf, sh, total } from './lvmWorld.ts'
import { RandomWrites } from './randomWrites.ts'

/**
 * Compares what the driver says was changed with a comparison byte by byte, round after round, on a volume that is written and
 * discarded at random:
 *   lvmRounds.ts DEVICE CHUNK_BYTES ROUNDS SEED
 * In every third round, writers go on while the snapshot is made. Writes what it found to /share/rounds-METHOD.json.
 */
const [device, chunkText, roundsText, seed] = process.argv.slice(2) as [string, string, string, string]
const chunkBytes = Number(chunkText)
const volume = await find(device)
const save = collected('/share')

const writes = new RandomWrites(volume, seededRandom(seed), chunkBytes)
const rounds: unknown[] = []
let older: Snapshot | undefined
let before: Buffer = Buffer.alloc(0)
for (let number = 0; number <= Number(roundsText); number++) {
  await writes.change()
  const isBusy = number % 3 === 2
  const stop = isBusy ? writes.writeOn() : undefined
  const newer: Snapshot = await volume.createSnapshot(nameOf(number))
  const changes = older && (await volume.changes(older, newer))
  const written = (await stop?.()) ?? 0
  const after = await bytesOf(await volume.activate(newer))
  if (older !== undefined) {
    const real = differences(before, after, chunkBytes)
    const told = changes?.known ? union(changes.written, changes.discarded) : []
    rounds.push({
      number,
      writes: written,
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
await writes.close()
for (const snapshot of await volume.ownSnapshots()) await volume.removeSnapshot(snapshot)
save(`rounds-${volume.method}`, {
  rounds,
  left: sh('lvs', '--noheadings', '-o', 'lv_name', '--select', 'lv_tags=holdfast'),
})

/** A thin one costs nothing while it is kept; removing them one by one would cost a second each. */
async function letGo(of: TrackedVolume, snapshot: Snapshot): Promise<void> {
  if (of.method === 'lvm-classic') await of.removeSnapshot(snapshot)
}
