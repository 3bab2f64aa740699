import { describe, expect, it } from 'vitest'
import { type HealthAnswer, healthQuestions } from '../../engine/contract/health.ts'
import { failureOf, remedyOf, verdictOf } from '../../renderer/src/screens/health/remedies.ts'
import { scenario } from './fake/scenarios.ts'

const job = 'a'.repeat(16)
const place = 'b'.repeat(16)
const other = 'c'.repeat(16)
const answer = (
  question: HealthAnswer['question'],
  state: HealthAnswer['answer'],
  facts: Partial<HealthAnswer> = {},
): HealthAnswer => ({ question, answer: state, at: null, jobs: [], destinations: [], ...facts })
const around = { jobs: [job], destinations: [place], failureOf: () => undefined }

describe('the health list', () => {
  it('has one way out of everything that is not good, and none where nothing is to be done', () => {
    for (const question of healthQuestions) {
      expect(remedyOf(answer(question, 'open'), around), question).not.toBeNull()
      expect(remedyOf(answer(question, 'bad'), around), question).not.toBeNull()
      expect(remedyOf(answer(question, 'good'), around), question).toBeNull()
    }
  })

  it('does what it says to those that the answer names, and to all when it names none', () => {
    expect(remedyOf(answer('recentBackup', 'bad', { jobs: [other] }), around)).toEqual({
      kind: 'backUp',
      jobs: [other],
    })
    expect(remedyOf(answer('undamaged', 'bad', { destinations: [place] }), around)).toEqual({
      kind: 'backUp',
      jobs: [job],
    })
    expect(remedyOf(answer('verified', 'open'), around)).toEqual({ kind: 'verify', destinations: [place] })
  })

  it('leads to a new place while there is one, and to the job that does not use the second one afterwards', () => {
    const open = answer('twoPlaces', 'open', { jobs: [job] })
    expect(remedyOf(open, around)).toMatchObject({ screen: 'destinations', path: ['add'] })
    expect(remedyOf(open, { ...around, destinations: [place, other] })).toMatchObject({
      screen: 'settings',
      path: ['jobs', job],
    })
  })

  it('leads straight to the sheet of the destination that has none', () => {
    expect(remedyOf(answer('recoverySheet', 'open', { destinations: [other] }), around)).toMatchObject({
      path: [other],
      query: { do: 'sheet' },
    })
  })

  it('does not offer another try of a backup that fails for a reason that stays, but the cause', () => {
    const standingsOf = (name: 'overdue' | 'protected') => scenario(name).bridge.world.jobViews()[0]!.standings
    const [standing] = standingsOf('overdue')
    const run = failureOf(standingsOf('overdue'))
    expect(run).toBe(standing!.lastRun!.id)
    expect(failureOf(standingsOf('protected'))).toBeUndefined()
    expect(remedyOf(answer('recentBackup', 'bad'), { ...around, failureOf: () => run })).toEqual({
      kind: 'seeCause',
      run,
    })
  })

  it('offers nothing for what is not known', () => {
    expect(remedyOf(answer('verified', 'unknown'), around)).toBeNull()
  })

  it('counts what is wrong before what is worth doing, and claims nothing where nothing is known', () => {
    const good = answer('verified', 'good')
    expect(verdictOf([good, answer('offSite', 'open'), answer('undamaged', 'bad')])).toEqual({ kind: 'bad', count: 1 })
    expect(verdictOf([good, answer('offSite', 'open')])).toEqual({ kind: 'open', count: 1 })
    expect(verdictOf([good, answer('offSite', 'unknown')])).toEqual({ kind: 'good' })
    expect(verdictOf([answer('offSite', 'unknown')])).toEqual({ kind: 'nothing' })
  })
})
