import type { Images, Profile } from './images.ts'
import type { Figures, StepFigures } from './medians.ts'
import type { Step } from './rounds.ts'
import type { TargetResult } from './targets.ts'

const MiB = 2 ** 20

/** A table as Markdown with its columns lined up, so that it also reads well in a terminal. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((cell, column) => Math.max(...[head, ...rows].map(row => row[column]!.length), cell.length))
  const line = (row: string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const mebibytes = (bytes: number | undefined): string => (bytes === undefined ? '–' : (bytes / MiB).toFixed(1))
const seconds = (figures: StepFigures | undefined): string => figures?.seconds.toFixed(2) ?? '–'

/** One row for each tool: the medians of all rounds. Sizes are MiB; growth is what the step added to the repository. */
export function figuresTable(figures: Figures, sizeBytes: number, profiles: Profile[]): string {
  const head = ['tool', 'first s', 'MiB/s', 'CPU s', 'repo MiB', 'unchanged s', '+MiB']
  for (const profile of profiles) head.push(`${profile} s`, '+MiB')
  head.push('restore s', 'scrub s', 'peak MiB')
  const rows = Object.entries(figures).map(([tool, steps]) => {
    const { first, unchanged, restore, scrub } = steps
    const row = [
      tool,
      seconds(first),
      first ? (sizeBytes / MiB / first.seconds).toFixed(0) : '–',
      first?.cpuSeconds.toFixed(1) ?? '–',
      mebibytes(first?.storedBytes),
      seconds(unchanged),
      mebibytes(unchanged?.growthBytes),
    ]
    for (const profile of profiles) {
      const changed = steps[`changed-${profile}`]
      row.push(seconds(changed), mebibytes(changed?.growthBytes))
    }
    const peak = Math.max(...Object.values(steps).map(step => step.peakBytes))
    return [...row, seconds(restore), seconds(scrub), mebibytes(peak)]
  })
  return table(head, rows)
}

/** Processor time and peak memory of every step, which the short table leaves out. */
export function costTable(figures: Figures): string {
  const tools = Object.keys(figures)
  const steps = [...new Set(tools.flatMap(tool => Object.keys(figures[tool]!)))] as Step[]
  const rows = steps.map(step => [
    step,
    ...tools.map(tool => {
      const figure = figures[tool]![step]
      return figure ? `${figure.cpuSeconds.toFixed(1)} / ${(figure.peakBytes / MiB).toFixed(0)}` : '–'
    }),
  ])
  return table(['CPU s / peak MiB', ...tools], rows)
}

/** One row for each target: what was promised, what came out, by how much it was met or missed. */
export function targetsTable(results: readonly TargetResult[]): string {
  const number = (value: number, unit: TargetResult['unit']): string =>
    unit === 'MB' ? `${value.toFixed(0)} MB` : `${value.toFixed(2)} ×`
  const rows = results.map(result => [
    result.name,
    `${result.bound} ${number(result.limit, result.unit)}`,
    number(result.measured, result.unit),
    `${result.met ? 'met' : 'MISSED'} by ${Math.abs((result.measured / result.limit - 1) * 100).toFixed(0)} %`,
  ])
  return table(['target', 'wanted', 'measured', 'result'], rows)
}

/** One sentence for each profile: how much changed, and the bound. */
export function changesText(changes: Images['changes'], profiles: Profile[]): string {
  return profiles
    .map(profile => {
      const { pages, bytes, packedBytes } = changes[profile]
      return (
        `Day's change, ${profile}: ${pages} changed pages of 4 KiB, ${mebibytes(bytes)} MiB; ` +
        `zstd-3 packs them into ${mebibytes(packedBytes)} MiB (the bound).`
      )
    })
    .join('\n')
}
