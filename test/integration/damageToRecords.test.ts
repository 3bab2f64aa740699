import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { everywhere, expectSurvives, inContext, useMaster } from '../support/damageCases.ts'
import { kindOf, replaced, swapped } from '../support/objectDamage.ts'

const master = useMaster()
const random = seededRandom('damage to records')
const kinds = ['config', 'keys', 'versions', 'marks']

/** One of each kind: if all were exchanged with their neighbours, some would be back where they were. */
const oneOfEach = (objects: readonly string[]) =>
  objects.filter((object, i) => kindOf(object) !== kindOf(objects[i - 1] ?? ''))

describe('damage to one copy of every record that is kept twice', () => {
  for (const damage of everywhere(random)) {
    test(`is found, costs nothing and is healed: ${damage.title}`, async () => {
      const second = kinds.map(kind => `copies/${kind}`)
      await Promise.all([
        inContext('first copies', () => expectSurvives(damage, master.objects(...kinds), { heal: true })),
        inContext('second copies', () => expectSurvives(damage, master.objects(...second), { heal: true })),
      ])
    })
  }
  for (const damage of [swapped, replaced]) {
    test(`is found, costs nothing and is healed: ${damage.title}`, async () => {
      const records = kinds.filter(kind => kind !== 'config')
      const second = records.map(kind => `copies/${kind}`)
      for (const objects of [master.objects(...records), master.objects(...second)]) {
        expect(await expectSurvives(damage, oneOfEach(objects), { heal: true })).toBe(true)
      }
    })
  }
})

describe('damage to index segments', () => {
  for (const damage of everywhere(random)) {
    test(`is found, costs nothing and is healed, even to all of them: ${damage.title}`, async () => {
      await expectSurvives(damage, master.objects('index'), { heal: true })
    })
  }
  for (const damage of [swapped, replaced]) {
    test(`is found, costs nothing and is healed: ${damage.title}`, async () => {
      expect(await expectSurvives(damage, master.objects('index').slice(0, 1), { heal: true })).toBe(true)
    })
  }
})
