import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Images } from '../../bench/images.ts'
import { type RoundOptions, runRounds } from '../../bench/rounds.ts'
import type { Invocation, Tool } from '../../bench/tool.ts'

const program = (...argv: string[]): Invocation => ({ argv, env: {} })

/** A backup program with behaviour: it keeps each backup as one plain copy. */
const copier: Tool = {
  name: 'copier',
  settings: 'none',
  version: async () => '1',
  init: places => program('mkdir', places.repository),
  backup: (places, label) => program('cp', places.image, join(places.repository, label)),
  restore: (places, label, folder) => ({
    ...program('cp', join(places.repository, label), join(folder, 'copy')),
    restored: join(folder, 'copy'),
  }),
  scrub: places => program('ls', places.repository),
}

const liar: Tool = {
  ...copier,
  name: 'liar',
  restore: (_places, _label, folder) => ({
    ...program('cp', '/proc/version', join(folder, 'copy')),
    restored: join(folder, 'copy'),
  }),
}

describe('runRounds', () => {
  let folder: string
  let options: RoundOptions
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-rounds-'))
    const dir = join(folder, 'images')
    await mkdir(dir)
    const image = async (name: string, bytes: number): Promise<string> => {
      await writeFile(join(dir, name), Buffer.alloc(bytes, name))
      return join(dir, name)
    }
    const none = { pages: 0, bytes: 0, packedBytes: 0 }
    const images: Images = {
      before: await image('before', 1000),
      after: { baseline: await image('baseline', 1100), heavy: await image('heavy', 1200) },
      changes: { baseline: none, heavy: none },
    }
    options = {
      workDir: join(folder, 'run'),
      tools: [copier],
      images,
      profiles: ['baseline', 'heavy'],
      rounds: 1,
      signal: new AbortController().signal,
      say: () => {},
    }
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('measures every step, each profile from the same state', async () => {
    const { samples, failures } = await runRounds(options)
    expect(failures).toEqual([])
    expect(samples.map(({ step, growthBytes, storedBytes }) => [step, growthBytes, storedBytes])).toEqual([
      ['first', 1000, 1000],
      ['unchanged', 1000, 2000],
      ['changed-baseline', 1100, 3100],
      ['restore', 0, 3100],
      ['scrub', 0, 3100],
      ['changed-heavy', 1200, 3200],
    ])
  })

  it('lets the tools take turns within a step, and another one begin each round', async () => {
    const other: Tool = { ...copier, name: 'other' }
    const { samples } = await runRounds({ ...options, tools: [copier, other], profiles: ['baseline'], rounds: 2 })
    const order = samples.map(sample => `${sample.round} ${sample.step} ${sample.tool}`)
    expect(order.slice(0, 3)).toEqual(['0 first copier', '0 first other', '0 unchanged copier'])
    expect(order.slice(10, 12)).toEqual(['1 first other', '1 first copier'])
    expect(order.length).toBe(20)
  })

  it('finds a restore that is not the image, and goes on without that tool', async () => {
    const { samples, failures } = await runRounds({ ...options, tools: [liar, copier], rounds: 2 })
    expect(failures.map(failure => failure.tool)).toEqual(['liar'])
    expect(samples.some(sample => sample.tool === 'liar' && sample.step === 'scrub')).toBe(false)
    expect(samples.filter(sample => sample.tool === 'copier').length).toBe(12)
  })

  it('stops for good when it is aborted', async () => {
    const abort = new AbortController()
    const scrub = (): Invocation => {
      abort.abort()
      return program('sleep', '60')
    }
    const stopping = { ...copier, scrub }
    await expect(runRounds({ ...options, tools: [stopping], signal: abort.signal })).rejects.toThrow()
  })
})
