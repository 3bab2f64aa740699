import type { HelperState, JobHealth } from './health.ts'
import { oneLine } from './plainText.ts'

interface Metric {
  name: string
  help: string
  /** undefined: there is no such figure for the job. */
  value: (job: JobHealth) => number | undefined
}

const flag = (value: unknown): number => (value === undefined || value === false ? 0 : 1)

/** All gauges. Times are seconds since 1970 UTC, as Prometheus recommends. */
const jobMetrics: readonly Metric[] = [
  {
    name: 'holdfast_job_last_success_timestamp_seconds',
    help: 'End of the newest successful run; 0 when there is none.',
    value: job => seconds(job.lastSuccess ?? 0),
  },
  {
    name: 'holdfast_job_overdue',
    help: '1 when the newest good backup is older than the schedule allows.',
    value: job => flag(job.overdue),
  },
  {
    name: 'holdfast_job_failed',
    help: '1 when no run has succeeded since the last failed one.',
    value: job => flag(job.failure !== undefined || job.state === 'failed'),
  },
  {
    name: 'holdfast_job_failing_since_timestamp_seconds',
    help: 'First failed run since the last successful one; absent when there is none.',
    value: job => job.failure && seconds(job.failure.since),
  },
  { name: 'holdfast_job_running', help: '1 while a run is under way.', value: job => flag(job.running) },
  {
    name: 'holdfast_job_waiting_for_drive',
    help: '1 while a due run waits for its drive.',
    value: job => flag(job.waitingFor),
  },
  { name: 'holdfast_job_paused', help: '1 when a person paused the job.', value: job => flag(job.state === 'paused') },
  {
    name: 'holdfast_job_damaged_versions',
    help: 'Versions of the job that cannot be restored completely.',
    value: job => job.damaged?.versions ?? 0,
  },
  {
    name: 'holdfast_job_problems',
    help: 'Other things to be looked at, failed hooks included.',
    value: job => job.problems.length + (job.hookFailures?.length ?? 0),
  },
  {
    name: 'holdfast_job_last_run_duration_seconds',
    help: 'How long the newest successful run took.',
    value: job => job.lastRun && job.lastRun.durationMs / 1000,
  },
  {
    name: 'holdfast_job_last_run_read_bytes',
    help: 'What the newest successful run read from its sources.',
    value: job => job.lastRun?.readBytes,
  },
  {
    name: 'holdfast_job_last_run_stored_bytes',
    help: 'What the newest successful run added to its repositories.',
    value: job => job.lastRun?.storedBytes,
  },
]

const seconds = (ms: number): number => ms / 1000

/**
 * The state as a text file for the node exporter of Prometheus (text exposition format 0.0.4). Without a state there is only
 * holdfast_up 0; whether it is fresh, holdfast_state_timestamp_seconds tells. Each job has the labels id and name. Pure.
 */
export function prometheusText(state: HelperState | undefined): string {
  const families = [family('holdfast_up', '1 when the helper has written its state.', [['', state ? 1 : 0]])]
  if (state) {
    const { writtenAt, jobs } = state
    families.push(
      family('holdfast_state_timestamp_seconds', 'When the helper last wrote its state.', [['', seconds(writtenAt)]]),
      family('holdfast_jobs', 'How many jobs there are.', [['', jobs.length]]),
    )
    // The same series twice would make the whole file invalid.
    const labelled = new Map(jobs.map(job => [labelsOf(job), job]))
    for (const { name, help, value } of jobMetrics) {
      const samples = [...labelled].flatMap(([labels, job]): [string, number][] => {
        const number = value(job)
        return number === undefined ? [] : [[labels, number]]
      })
      families.push(family(name, help, samples))
    }
  }
  return families.join('')
}

function family(name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

const labelsOf = ({ id, name }: JobHealth): string => `{id="${escaped(id)}",name="${escaped(name)}"}`

/** Label values may hold any character; backslash, quote and line feed are escaped. */
const escaped = (value: string): string =>
  oneLine(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
