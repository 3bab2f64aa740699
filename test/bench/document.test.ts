import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withMeasured, writeMeasured } from '../../bench/document.ts'
import { parseOptions } from '../../bench/options.ts'

describe('withMeasured', () => {
  const first = withMeasured('# Title\n\nProse.\n', 'old figures')

  it('puts the figures at the end of a document that has none', () => {
    expect(first.startsWith('# Title\n\nProse.\n')).toBe(true)
    expect(first).toContain('old figures')
  })

  it('replaces old figures and keeps the prose before and behind them', () => {
    const second = withMeasured(`${first}\nMore prose.\n`, 'new figures')
    expect(second).toContain('Prose.')
    expect(second).toContain('new figures')
    expect(second).not.toContain('old figures')
    expect(second.endsWith('\nMore prose.\n')).toBe(true)
  })

  it('changes nothing when the figures are the same', () => {
    expect(withMeasured(first, 'old figures')).toBe(first)
  })
})

describe('writeMeasured', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-document-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('makes the document and its folder when they are missing', async () => {
    const path = join(folder, 'docs', 'benchmarks.md')
    await writeMeasured(path, 'figures')
    expect(await readFile(path, 'utf8')).toMatch(/^# Benchmarks[\s\S]*figures/)
  })

  it('keeps what is written in an existing document', async () => {
    const path = join(folder, 'benchmarks.md')
    await writeFile(path, '# Mine\n')
    await writeMeasured(path, 'figures')
    expect(await readFile(path, 'utf8')).toMatch(/^# Mine\n[\s\S]*figures/)
  })
})

describe('parseOptions', () => {
  it('has the defaults of the help text', () => {
    expect(parseOptions([])).toMatchObject({
      sizeBytes: 2 * 1024 ** 3,
      tools: ['holdfast', 'restic', 'borg'],
      rounds: 3,
      profiles: ['baseline', 'heavy'],
      keep: false,
      write: false,
    })
  })

  it('reads sizes, lists and profiles', () => {
    const options = parseOptions(['--size', '512MiB', '--tools', 'restic,borg', '--profile', 'heavy', '--rounds', '5'])
    expect(options).toMatchObject({
      sizeBytes: 512 * 1024 ** 2,
      tools: ['restic', 'borg'],
      profiles: ['heavy'],
      rounds: 5,
    })
  })

  it.each([
    ['--size', '2'],
    ['--size', '2GB'],
    ['--rounds', '0'],
    ['--profile', 'light'],
    ['--colour', 'red'],
  ])('refuses %s %s', (...args) => {
    expect(() => parseOptions(args)).toThrow(args[0])
  })
})
