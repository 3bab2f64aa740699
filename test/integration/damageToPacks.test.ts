import { stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { expectSurvives, inContext, useMaster } from '../support/damageCases.ts'
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

const master = useMaster()

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
const anywhere: Damage[] = [
  flipAnywhere(seededRandom('damage to packs')),
  cutTo(0.5),
  cutTo(0),
  deleted,
  swapped,
  replaced,
]

const frameBytes = 256 * 1024
/** Packs of map nodes are small; one node stands for many blocks. */
const largestMapPack = 20_000

describe('damage to any pack', () => {
  for (const [place, damage] of [...besidesFrames, ...toOneFrame, ...anywhere].entries()) {
    test(`is found, spares all other blocks and is healed: ${damage.title}`, async () => {
      const packs = master.objects('packs')
      expect(packs.length).toBeGreaterThanOrEqual(6)
      const attack = async (pack: string, i: number) => {
        // Healing takes long: each kind of damage is healed in a data pack or a map pack by turns, and losses more often.
        const heal = (damage === deleted && i % 2 === 0) || i === place % packs.length
        const holdsMaps = (await stat(master.pathOf(pack))).size < largestMapPack
        const oneFrame = toOneFrame.includes(damage) && !holdsMaps ? frameBytes : undefined
        const mostLost = besidesFrames.includes(damage) ? 0 : oneFrame
        await inContext(pack, () => expectSurvives(damage, [pack], { heal, mostLost }))
      }
      await Promise.all(packs.map(attack))
    })
  }
})
