import { secondMs } from '../base/localTime.ts'
import type { CheckedJob, CheckResult } from './checkHealth.ts'
import { lengthOfTime, oneLine } from './plainText.ts'

/** Monitors cut what plugins print at 8 KiB (MAX_PLUGIN_OUTPUT_LENGTH of Nagios 4); so do we, between two jobs. */
export const maxPluginBytes = 8000
/** As much of that may be figures of single jobs. */
const maxFigureBytes = 3000

/**
 * Output and exit code of a monitoring plugin (Monitoring Plugins Development Guidelines): first line status, summary and
 * performance data; then one line for each job, the worst first. Names cannot smuggle in performance data or lines. Pure.
 */
export function nagiosText(result: CheckResult): { text: string; exitCode: number } {
  const first = `HOLDFAST ${result.status.toUpperCase()}: ${clean(result.summary)} | ${figures(result.jobs)}`
  const jobs = [...result.jobs].sort((a, b) => severity(b) - severity(a))
  let text = `${first}\n`
  for (const [index, job] of jobs.entries()) {
    const line = `${jobLine(job)}\n`
    if (Buffer.byteLength(text) + Buffer.byteLength(line) > maxPluginBytes - 40) {
      text += `and ${jobs.length - index} more\n`
      break
    }
    text += line
  }
  return { text, exitCode: result.exitCode }
}

const severity = (job: CheckedJob): number => ['ok', 'warning', 'critical'].indexOf(job.status)

function jobLine(job: CheckedJob): string {
  const age = job.ageSeconds === null ? 'no backup yet' : `last backup ${lengthOfTime(job.ageSeconds * secondMs)} ago`
  return clean(`[${job.status.toUpperCase()}] ${oneLine(job.name, 80)}: ${[age, ...job.findings].join('; ')}`, 600)
}

/** 'label'=value[unit];[warn];[crit];[min];[max] */
function figures(jobs: readonly CheckedJob[]): string {
  const count = (is: (job: CheckedJob) => boolean) => jobs.filter(is).length
  const totals = [
    `jobs=${jobs.length};;;0`,
    `overdue=${count(job => job.overdue)};;0;0`,
    `damaged=${count(job => job.damagedVersions > 0)};;0;0`,
    `warnings=${count(job => job.status === 'warning')};0;;0`,
    `waiting=${count(job => job.waitingFor !== null)};;;0`,
    `running=${count(job => job.running)};;;0`,
  ]
  const labels = new Set<string>()
  let bytes = 0
  for (const job of jobs) {
    if (job.ageSeconds === null) continue
    // A label in quotes may hold anything but quotes and "="; two that become the same would be taken for one.
    const name = clean(oneLine(job.name, 80)).replace(/['=]/g, '_')
    let label = `age ${name}`
    for (let number = 2; labels.has(label); number++) label = `age ${name} ${number}`
    labels.add(label)
    const figure = `'${label}'=${job.ageSeconds}s;;;0`
    bytes += Buffer.byteLength(figure) + 1
    if (bytes > maxFigureBytes) break
    totals.push(figure)
  }
  return totals.join(' ')
}

/** "|" begins performance data. */
const clean = (text: string, longest = 300): string => oneLine(text, longest).replaceAll('|', '/')
