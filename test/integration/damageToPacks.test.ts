import { stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { expectSurvives, inContext, useMaster } from '../support/damageCases.ts'
import { drawSeed } from '../support/killing.ts'
import {
  cutBy,
  cutTo,
  type Damage,
  deleted,
  flipAnywhere,
  flipAt,
  flipByte,
  replaced,
  swapped,
} from '../support/objectDamage.ts'
import { someCases } from '../support/someCases.ts'

const master = useMaster()
const seed = drawSeed('damage to packs')

/** Nothing of a version is lost with these: what they hit can be had from elsewhere. */
const besidesFrames: Damage[] = [
  flipByte(0, 'the magic number'),
  flipByte(5, 'the padding', 0x01),
  flipByte(12, 'the id'),
  flipByte(60, 'the wrapped key'),
  flipByte(-1, 'the trailer'),
  flipByte(-8, 'the length of the index'),
  flipByte(-12, 'the index'),
  cutBy(1),
]
/** Blocks that are compressed and sealed together are lost together. */
const toOneFrame: Damage[] = [flipByte(84, 'the first block'), flipAt(0.5, 0x01)]
const anywhere: Damage[] = [flipAnywhere(seededRandom(seed)), cutTo(0.5), cutTo(0), deleted, swapped, replaced]

const frameBytes = 256 * 1024
/** Packs of map nodes are small; one node stands for many blocks. */
const largestMapPack = 20_000

describe('damage to any pack', () => {
  for (const [place, damage] of [...besidesFrames, ...toOneFrame, ...anywhere].entries()) {
    test(`is found, spares all other blocks and is healed: ${damage.title}`, async () => {
      const all = master.objects('packs')
      expect(all.length).toBeGreaterThanOrEqual(6)
      const mapPacks = new Set(await smallerThan(largestMapPack, all))
      const kindOfPack = (pack: string) => (mapPacks.has(pack) ? 'map' : 'data')
      // Of losses, as they happen most, more.
      const packs = someCases(all, kindOfPack, damage === deleted ? 3 : 1, seededRandom(`${seed} ${place}`))
      expect(new Set(packs.map(kindOfPack)).size).toBe(2)
      const attack = async (pack: string, i: number) => {
        // Healing takes long: each kind of damage is healed in a data pack or a map pack by turns, and losses more often.
        const heal = (damage === deleted && i % 3 === 0) || i === place % packs.length
        const oneFrame = toOneFrame.includes(damage) && !mapPacks.has(pack) ? frameBytes : undefined
        const mostLost = besidesFrames.includes(damage) ? 0 : oneFrame
        await inContext(pack, () => expectSurvives(damage, [pack], { heal, mostLost }))
      }
      await Promise.all(packs.map(attack))
    })
  }
})

async function smallerThan(bytes: number, packs: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(packs.map(async pack => (await stat(master.pathOf(pack))).size))
  return packs.filter((_, i) => sizes[i]! < bytes)
}
