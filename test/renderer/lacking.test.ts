import { describe, expect, it } from 'vitest'
import type { DestinationView } from '../../engine/contract/helperContract.ts'
import type { Run } from '../../engine/contract/jobs.ts'
import { healedWords, leavesDamage } from '../../renderer/src/components/healedWords.ts'
import { lackingSentences, whyNotCopied } from '../../renderer/src/screens/destinations/lackingWords.ts'
import { lockWords } from '../../renderer/src/screens/destinations/lockWords.ts'
import { scenario } from './fake/scenarios.ts'
import { spoken } from './fake/speech.ts'

const { bridge } = scenario('lacking')
const { world } = bridge
const around = { destinations: world.destinationViews(), jobs: world.jobViews() }
const lacking = (name: string) => world.lacking.filter(one => one.destination === view(name).destination.id)
const view = (name: string): DestinationView =>
  around.destinations.find(({ destination }) => destination.name.startsWith(name))!
const why = (name: string, over: Partial<DestinationView> = {}) =>
  whyNotCopied({ ...view(name), ...over }, lacking(name), around, spoken('en'))

describe('what a destination lacks', () => {
  it('is told for each job, with how many and since when', () => {
    expect(lackingSentences(lacking('Cloud'), around.jobs, spoken('en'))).toEqual([
      '3 versions of “This computer” since 23 November 2026 are missing here.',
    ])
    const [german] = lackingSentences(lacking('Computer'), around.jobs, spoken('de'))
    expect(german).toMatch(/^1 Version von „Photos and films of .*“ vom 23\. November 2026 fehlt hier\.$/)
  })

  it('says nothing of a job that is gone', () => {
    expect(lackingSentences(lacking('Cloud'), [], spoken('en'))).toEqual([])
  })

  it('can be copied when both are there', () => {
    expect(why('Cloud')).toBeNull()
  })

  it('says what is in the way otherwise', () => {
    expect(why('Cloud', { protection: null })).toContain('key')
    const isAway = { state: 'unreachable', reason: 'network', lastSeenAt: null } as const
    expect(why('Cloud', { state: isAway })).toBe('What is missing is copied by itself as soon as Cloud can be reached.')
    const isThere = { state: 'connected', path: null, drive: null } as unknown as DestinationView['state']
    expect(why('Computer', { state: isThere })).toBe(
      'What is missing is copied by itself as soon as NAS in the cellar, which has it, can be reached.',
    )
  })

  it('is copied with one click, and then nothing is missing', async () => {
    const { bridge, clock } = scenario('lacking')
    const [first] = bridge.world.lacking
    const reply = await bridge.calls['destinations.copyMissing']({ to: first!.destination, isLackingOnly: true })
    expect(reply.ok).toBe(true)
    clock.advance(60_000)
    expect(bridge.world.lacking.map(({ destination }) => destination)).not.toContain(first!.destination)
    expect(bridge.world.runs[0]!.outcome).toMatchObject({ kind: 'copy', copied: 3 })
  })
})

describe('what a check has healed', () => {
  it('is told with where it came from', () => {
    const facts = { repaired: 3, repairedFrom: ['Cloud', 'NAS'] }
    expect(healedWords(spoken('en'), facts)).toBe('3 damaged blocks were healed from “Cloud” and “NAS”.')
    expect(healedWords(spoken('de'), { ...facts, repaired: 1 })).toBe(
      '1 beschädigter Block wurde aus „Cloud“ und „NAS“ geheilt.',
    )
  })

  it('is nothing where nothing was healed, and told of older runs without a name', () => {
    expect(healedWords(spoken('en'), {})).toBeNull()
    expect(healedWords(spoken('en'), { repaired: 0, repairedFrom: [] })).toBeNull()
    expect(healedWords(spoken('en'), { repaired: 1 })).toBe('1 damaged block was healed from another destination.')
  })
})

describe('a check', () => {
  const left = (state: Run['state'], damagedCount: number, repaired?: number) => {
    const outcome = { kind: 'scrub', depth: 'deep', checkedBytes: 7, damaged: [], damagedCount } as const
    return leavesDamage({ state, outcome: { ...outcome, damaged: [], ...(repaired !== undefined && { repaired }) } })
  }

  it('leaves damage unless it has healed all of it', () => {
    expect(left('complete', 0)).toBe(false)
    expect(left('complete', 1, 3)).toBe(false)
    expect(left('incomplete', 1, 3)).toBe(true)
    expect(left('complete', 1)).toBe(true)
    expect(left('incomplete', 1, 0)).toBe(true)
  })
})

describe('locks against removal', () => {
  const at = '2026-11-26T12:00:00.000Z'
  const now = Date.parse('2026-11-26T14:00:00.000Z')
  const told = (lockedUntil: string | null, mode: 'governance' | 'compliance' = 'compliance') =>
    lockWords({ usage: { at, lock: { mode, lockedUntil } } }, spoken('en'), now)

  it('are told with their end and how it is known', () => {
    expect(told('2026-12-26T14:00:00.000Z')).toMatchObject({
      isLocked: true,
      text: 'Everything is locked against removal until 26 December 2026',
    })
    expect(told('2026-12-26T14:00:00.000Z')!.source).toContain('Nobody can lift them')
    expect(told('2026-12-26T14:00:00.000Z', 'governance')!.source).toContain('The owner of the bucket can lift them')
  })

  it('never count once they have run out or where something is not known', () => {
    expect(told('2026-11-26T14:00:00.000Z')!.isLocked).toBe(false)
    expect(told(null)!.isLocked).toBe(false)
  })

  it('are not spoken of where nothing is locked', () => {
    expect(lockWords({ usage: { at } }, spoken('en'), now)).toBeNull()
    expect(lockWords({ usage: null }, spoken('en'), now)).toBeNull()
  })
})
