import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { everywhere, expectSurvives, inContext, useMaster } from '../support/damageCases.ts'
import { type Damage, deleted, flipByte, replaced, swapped } from '../support/objectDamage.ts'

const master = useMaster()

const inPacks: Damage[] = [
  flipByte(0, 'the magic number'),
  flipByte(5, 'the padding', 0x01),
  flipByte(12, 'the id'),
  flipByte(60, 'the wrapped key'),
  flipByte(84, 'the first block'),
  flipByte(-1, 'the trailer'),
  flipByte(-8, 'the length of the index'),
  flipByte(-12, 'the index'),
  ...everywhere(seededRandom('damage to packs')).slice(1),
  swapped,
  replaced,
]

describe('damage to any pack', () => {
  for (const [place, damage] of inPacks.entries()) {
    test(`is found, spares all other blocks and is healed: ${damage.title}`, async () => {
      const packs = master.objects('packs')
      expect(packs.length).toBeGreaterThanOrEqual(6)
      for (const [i, pack] of packs.entries()) {
        // Healing takes long: each kind of damage is healed in a data pack or a map pack by turns, and every loss.
        const heal = damage === deleted || i === place % packs.length
        await inContext(pack, () => expectSurvives(damage, [pack], { heal }))
      }
    })
  }
})
