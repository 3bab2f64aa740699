import { describe, expect, it } from 'vitest'
import { type Figures, figuresOf, median, type StepFigures } from '../../bench/medians.ts'
import { changesText, costTable, figuresTable, table, targetsTable } from '../../bench/report.ts'
import type { Sample, Step } from '../../bench/rounds.ts'
import { judge } from '../../bench/targets.ts'

const MiB = 1024 ** 2

const figure = (seconds: number, extra: Partial<StepFigures> = {}): StepFigures => ({
  seconds,
  cpuSeconds: seconds,
  peakBytes: 100e6,
  storedBytes: 700 * MiB,
  growthBytes: 0,
  ...extra,
})

const sample = (tool: string, step: Step, round: number, seconds: number): Sample => ({
  tool,
  step,
  round,
  storedDiskBytes: 0,
  ...figure(seconds),
})

const changes = {
  baseline: { pages: 14_000, bytes: 56 * MiB, packedBytes: 30 * MiB },
  heavy: { pages: 25_000, bytes: 100 * MiB, packedBytes: 70 * MiB },
}

const figures: Figures = {
  holdfast: {
    first: figure(2, { storedBytes: 707 * MiB, peakBytes: 300e6 }),
    unchanged: figure(2),
    'changed-baseline': figure(1, { growthBytes: 36 * MiB }),
    restore: figure(2, { peakBytes: 410e6 }),
    scrub: figure(2),
  },
  restic: {
    first: figure(6),
    unchanged: figure(3),
    'changed-baseline': figure(3, { growthBytes: 72 * MiB }),
    restore: figure(5),
    scrub: figure(4),
  },
  borg: { first: figure(5), unchanged: figure(4), restore: figure(8), scrub: figure(6) },
}

describe('median', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 2, 10])).toBe(3)
    expect(median([7])).toBe(7)
  })
})

describe('figuresOf', () => {
  it('takes medians over the rounds, for each tool and step by itself', () => {
    const samples = [1, 9, 2].map((seconds, round) => sample('restic', 'first', round, seconds))
    samples.push(sample('restic', 'scrub', 0, 4), sample('borg', 'first', 0, 8))
    const found = figuresOf(samples)
    expect(found.restic?.first?.seconds).toBe(2)
    expect(found.restic?.scrub?.seconds).toBe(4)
    expect(found.borg?.first?.seconds).toBe(8)
    expect(found.borg?.scrub).toBeUndefined()
  })
})

describe('judge', () => {
  const results = judge(figures, changes, ['baseline'])
  const named = (part: string) => results.find(result => result.name.includes(part))!

  it('compares speed with the faster of the two peers', () => {
    expect(named('first backup, speed')).toMatchObject({ measured: 2.5, met: true })
    expect(named('unchanged')).toMatchObject({ measured: 1.5, met: false })
    expect(named('restore')).toMatchObject({ measured: 2.5, met: true })
    expect(named('scrub')).toMatchObject({ measured: 2, met: true })
  })

  it('compares what a day stores with restic and with the bound', () => {
    expect(named('(baseline), stored bytes against restic')).toMatchObject({ measured: 0.5, met: true })
    expect(named('against the bound')).toMatchObject({ measured: 1.2, met: true })
  })

  it('takes the highest peak of all steps, in megabytes', () => {
    expect(named('peak memory')).toMatchObject({ measured: 410, limit: 400, met: false })
  })

  it('says nothing about what was not measured', () => {
    expect(judge({ restic: figures.restic! }, changes, ['baseline'])).toEqual([])
    const alone = judge({ holdfast: figures.holdfast! }, changes, ['baseline']).map(result => result.name)
    expect(alone.length).toBe(2)
    expect(judge(figures, changes, ['heavy']).some(result => result.name.includes('heavy'))).toBe(false)
  })
})

describe('tables', () => {
  it('have lines of one length and the first column on the left', () => {
    const lines = table(
      ['tool', 's'],
      [
        ['restic', '1.00'],
        ['b', '10.00'],
      ],
    ).split('\n')
    expect(lines).toEqual(['| tool   |     s |', '|--------|------:|', '| restic |  1.00 |', '| b      | 10.00 |'])
  })

  it('show a dash where a tool did not finish a step', () => {
    const row = figuresTable(figures, 2048 * MiB, ['baseline'])
      .split('\n')
      .find(line => line.includes('borg'))!
    expect(row).toContain('–')
    expect(row).toContain('410')
    expect(costTable(figures)).toContain('changed-baseline')
  })

  it('say whether a target is met and by how much', () => {
    const text = targetsTable(judge(figures, changes, ['baseline']))
    expect(text).toMatch(/unchanged backup.*at least 1\.70 ×.*1\.50 ×.*MISSED by 12 %/)
    expect(text).toMatch(/peak memory.*at most 400 MB.*410 MB.*MISSED by 2 %/)
    expect(text).toMatch(/against the bound.*at most 1\.25 ×.*1\.20 ×.*met by 4 %/)
  })

  it('name the bound of each profile', () => {
    expect(changesText(changes, ['heavy'])).toBe(
      "Day's change, heavy: 25000 changed pages of 4 KiB, 100.0 MiB; zstd-3 packs them into 70.0 MiB (the bound).",
    )
  })
})
