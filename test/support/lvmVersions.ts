import { createHash } from 'node:crypto'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import { bytesOf, collected, differences, find, sh, total } from './lvmWorld.ts'
import { RandomWrites } from './randomWrites.ts'

/**
 * Backs volumes of LVM up into one repository, round after round, while they are written and discarded at random, and notes the
 * hash of all that is in the snapshot that was read:
 *   lvmVersions.ts REPOSITORY KEY_HEX ROUNDS SEED DEVICE…
 * In every third round, writers go on through the whole backup. Writes what it did to /share/versions.json.
 */
const [repository, keyHex, roundsText, seed, ...devices] = process.argv.slice(2) as [string, ...string[]]
const secret = { kind: 'keyfile', content: Buffer.from(keyHex!, 'hex') } as const
const chunkBytes = 65_536

const engine = createEngine({ stateDir: '/run/holdfast-state' })
await engine.init(repository, secret)
const session = await engine.open(repository, secret)

const rounds: unknown[] = []
for (const device of devices) {
  const volume = await find(device)
  const writes = new RandomWrites(volume, seededRandom(`${seed} ${device}`), chunkBytes)
  let before: Buffer = Buffer.alloc(0)
  for (let number = 0; number <= Number(roundsText); number++) {
    await writes.change()
    writes.zero()
    const stop = number % 3 === 2 ? writes.writeOn(50) : undefined
    const result = await session.backup(device, { name: device })
    const written = (await stop?.()) ?? 0
    // The one snapshot that is kept is the one that was read.
    const [kept, ...others] = await volume.ownSnapshots()
    if (kept === undefined || others.length > 0) throw new Error(`${device}: ${others.length} more snapshots than one`)
    const content = await bytesOf(await volume.activate(kept))
    await volume.deactivate(kept)
    rounds.push({
      device,
      number,
      version: result.version,
      method: result.method,
      consistency: result.consistency,
      readBytes: result.readBytes,
      warnings: result.warnings,
      sizeBytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      changedBytes: total(differences(before, content, 4096)),
      writes: written,
    })
    before = content
  }
  await writes.close()
  await engine.forgetTracking({ volumes: [volume.id] })
}
await session.close()
collected('/share')('versions', {
  rounds,
  left: sh('lvs', '--noheadings', '-o', 'lv_name', '--select', 'lv_tags=holdfast'),
})
