import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { everywhere, expectSurvives, inContext, useMaster } from '../support/damageCases.ts'
import { drawSeed } from '../support/killing.ts'
import { type Damage, kindOf, replaced, swapped } from '../support/objectDamage.ts'
import { someCases } from '../support/someCases.ts'

const master = useMaster()
const seed = drawSeed('damage to records')
const kinds = ['config', 'keys', 'versions', 'marks']

/** One of each kind: if all were exchanged with their neighbours, some would be back where they were. */
const oneOfEach = (objects: readonly string[]) =>
  objects.filter((object, i) => kindOf(object) !== kindOf(objects[i - 1] ?? ''))

/** Damage of all kinds; healing takes long and is alike for all flips and for all cuts, so one of each is healed. */
function damages(what: string): [damage: Damage, options: { heal: boolean }][] {
  const random = seededRandom(`${seed} ${what}`)
  const all = everywhere(random)
  const healed = someCases(all, ({ title }) => title.split(' ')[0]!, 1, random)
  return all.map(damage => [damage, { heal: healed.includes(damage) }])
}
const titleOf = (damage: Damage, { heal }: { heal: boolean }) =>
  `is found, costs nothing${heal ? ' and is healed' : ''}: ${damage.title}`

describe('damage to one copy of every record that is kept twice', () => {
  for (const [damage, options] of damages('records')) {
    test(titleOf(damage, options), async () => {
      const second = kinds.map(kind => `copies/${kind}`)
      await Promise.all([
        inContext('first copies', () => expectSurvives(damage, master.objects(...kinds), options)),
        inContext('second copies', () => expectSurvives(damage, master.objects(...second), options)),
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
  for (const [damage, options] of damages('index segments')) {
    test(`of all of them ${titleOf(damage, options)}`, async () => {
      await expectSurvives(damage, master.objects('index'), options)
    })
  }
  for (const damage of [swapped, replaced]) {
    test(`is found, costs nothing and is healed: ${damage.title}`, async () => {
      expect(await expectSurvives(damage, master.objects('index').slice(0, 1), { heal: true })).toBe(true)
    })
  }
})
