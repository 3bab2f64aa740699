import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs } from '../../../engine/base/localTime.ts'
import { isHoldfastError } from '../../../engine/contract/errors.ts'
import { prometheusText } from '../../../engine/notices/prometheus.ts'
import { writePrometheusFile } from '../../../engine/notices/prometheusFile.ts'
import { jobHealth, noon, unreachable } from '../../support/jobHealth.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/**
 * Reads the text exposition format 0.0.4 as its specification has it, and fails on whatever is not in it: samples without
 * HELP and TYPE before them, families in pieces, series that come twice, wrong escapes, a missing last line feed.
 */
function parse(text: string): Sample[] {
  expect(text.endsWith('\n')).toBe(true)
  const samples: Sample[] = []
  const families = new Map<string, string>()
  const series = new Set<string>()
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment) {
      const [, kind, name = '', rest = ''] = comment
      if (kind === 'HELP') {
        expect(families.has(name)).toBe(false)
        family = name
      } else {
        expect(name).toBe(family)
        expect(rest).toBe('gauge')
        families.set(name, rest)
      }
      continue
    }
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"]|"(?:[^"\\]|\\.)*")*)\})? (\S+)$/.exec(line)
    if (match === null) throw new Error(`No sample: ${JSON.stringify(line)}`)
    const [, name = '', inside = '', number = ''] = match
    expect(name).toBe(family)
    expect(families.has(name)).toBe(true)
    expect(number).toMatch(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/)
    const labels: Record<string, string> = {}
    let rest = inside
    while (rest !== '') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest)
      if (label === null) throw new Error(`No label: ${rest}`)
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
      rest = rest.slice(label[0].length)
    }
    const key = JSON.stringify([name, labels])
    expect(series.has(key)).toBe(false)
    series.add(key)
    samples.push({ name, labels, value: Number(number) })
  }
  return samples
}

const valuesOf = (samples: Sample[], job: string) =>
  Object.fromEntries(
    samples
      .filter(({ labels }) => labels.name === job)
      .map(({ name, value }) => [name.replace('holdfast_job_', ''), value]),
  )

describe('figures for Prometheus', () => {
  it('say when each job succeeded last, in seconds, and how it stands', () => {
    const trouble = jobHealth('Trouble', {
      state: 'failed',
      lastSuccess: null,
      failure: unreachable,
      overdue: { since: noon - dayMs },
      waitingFor: { drive: 'T7', since: noon, lastSeen: null },
      damaged: { since: noon, repository: 'Cloud', versions: 2, blocks: 9 },
      hookFailures: [{ hook: 'a', moment: 'after-backup', at: noon, reason: 'exit code 1' }],
      problems: ['One.', 'Two.'],
    })
    const good = jobHealth('Good', {
      running: { run: 'r', since: noon },
      lastRun: { durationMs: 90_500, readBytes: 2 ** 43, storedBytes: 0 },
    })
    const samples = parse(
      prometheusText({ writtenAt: noon + 250, jobs: [good, trouble, jobHealth('Rest', { state: 'paused' })] }),
    )
    expect(samples.filter(({ labels }) => labels.id === undefined)).toEqual([
      { name: 'holdfast_up', labels: {}, value: 1 },
      { name: 'holdfast_state_timestamp_seconds', labels: {}, value: noon / 1000 + 0.25 },
      { name: 'holdfast_jobs', labels: {}, value: 3 },
    ])
    const inOrder = {
      last_success_timestamp_seconds: noon / 1000 - 7200,
      overdue: 0,
      failed: 0,
      running: 0,
      waiting_for_drive: 0,
      paused: 0,
      damaged_versions: 0,
      problems: 0,
    }
    expect(valuesOf(samples, 'Good')).toEqual({
      ...inOrder,
      running: 1,
      last_run_duration_seconds: 90.5,
      last_run_read_bytes: 2 ** 43,
      last_run_stored_bytes: 0,
    })
    expect(valuesOf(samples, 'Rest')).toEqual({ ...inOrder, paused: 1 })
    expect(valuesOf(samples, 'Trouble')).toEqual({
      last_success_timestamp_seconds: 0,
      overdue: 1,
      failed: 1,
      failing_since_timestamp_seconds: noon / 1000 - 3600,
      running: 0,
      waiting_for_drive: 1,
      paused: 0,
      damaged_versions: 2,
      problems: 3,
    })
  })

  it('say that there is no state', () => {
    expect(parse(prometheusText(undefined))).toEqual([{ name: 'holdfast_up', labels: {}, value: 0 }])
  })

  it('say that there are no jobs', () => {
    expect(parse(prometheusText({ writtenAt: noon, jobs: [] })).map(({ value }) => value)).toEqual([1, noon / 1000, 0])
  })

  it('keep a name whole, with quotes and backslashes', () => {
    const name = 'a "b" \\n c\\ {d="e",} é'
    const samples = parse(prometheusText({ writtenAt: noon, jobs: [jobHealth(name)] }))
    expect(valuesOf(samples, name)).toMatchObject({ overdue: 0 })
  })

  it('can be read whatever the names, also when two are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 }), names => {
        parse(prometheusText({ writtenAt: noon, jobs: names.map(name => jobHealth(name)) }))
      }),
      { numRuns: 200 },
    )
  })
})

describe('the file for Prometheus', () => {
  const folder = useTemporaryFolder()
  const path = () => join(folder.path, 'holdfast.prom')

  it('is replaced whole, can be read by everybody, and leaves nothing beside it', async () => {
    const umask = process.umask(0o077)
    try {
      await writePrometheusFile(path(), 'old 1\n')
      await writePrometheusFile(path(), 'new 2\n')
    } finally {
      process.umask(umask)
    }
    expect(await readFile(path(), 'utf8')).toBe('new 2\n')
    expect((await stat(path())).mode & 0o777).toBe(0o644)
    expect(await readdir(folder.path)).toEqual(['holdfast.prom'])
  })

  it('is written although an earlier writer was killed, and through no link', async () => {
    const victim = join(folder.path, 'victim')
    await writeFile(victim, 'precious', { mode: 0o600 })
    await symlink(victim, join(folder.path, '.holdfast.prom.new'))
    await writePrometheusFile(path(), 'new 2\n')
    expect(await readFile(victim, 'utf8')).toBe('precious')
    expect((await stat(victim)).mode & 0o777).toBe(0o600)
    expect((await readdir(folder.path)).sort()).toEqual(['holdfast.prom', 'victim'])
  })

  it('says what is wrong when its folder is missing', async () => {
    const error = await writePrometheusFile(join(folder.path, 'nowhere', 'x.prom'), 'x 1\n').catch(caught => caught)
    expect(isHoldfastError(error, 'config.invalid')).toBe(true)
    expect(error.message).toMatch(/nowhere\/x\.prom cannot be written: ENOENT/)
  })

  it('stays as it was when it cannot be replaced', async () => {
    await mkdir(path())
    await chmod(path(), 0o755)
    const error = await writePrometheusFile(path(), 'x 1\n').catch(caught => caught)
    expect(isHoldfastError(error, 'config.invalid')).toBe(true)
    expect(await readdir(folder.path)).toEqual(['holdfast.prom'])
  })
})
