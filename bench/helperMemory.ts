import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DayLine, HourSample, JobTally } from './helperDay.ts'
import { table } from './report.ts'

const program = join(import.meta.dirname, 'helperDay.ts')
const MiB = 2 ** 20

export interface Day {
  samples: HourSample[]
  tallies: JobTally[]
}

/** Twenty jobs of a busy computer: 312 runs a day. */
export const busyDay: readonly string[] = [
  ...Array.from({ length: 8 }, () => 'hourly'),
  ...Array.from({ length: 6 }, () => 'every 2 hours from 00:00'),
  ...Array.from({ length: 6 }, () => 'every 3 hours from 00:00'),
]

/** Lives a day in a process of its own, which nothing else shares memory with. Throws when it ends with anything but 0. */
export async function measureDay(
  options: { schedules: readonly string[]; hours?: number; signal?: AbortSignal },
  tell: (sample: HourSample) => void = () => undefined,
): Promise<Day> {
  const { schedules, hours = 24, signal } = options
  const child = spawn(process.execPath, ['--expose-gc', program, JSON.stringify({ schedules, hours })], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // As bin/holdfast starts it.
    env: {
      NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/node'),
      UV_THREADPOOL_SIZE: '8',
      MALLOC_ARENA_MAX: '1',
      ...process.env,
    },
    ...(signal ? { signal } : {}),
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000)
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, killedBy) => resolve(code ?? killedBy))
  })
  // Told when it is waited for; until then, no lines come any more.
  ended.catch(() => undefined)
  const day: Day = { samples: [], tallies: [] }
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as DayLine
    if ('tally' in line) day.tallies.push(line.tally)
    else {
      day.samples.push(line.sample)
      tell(line.sample)
    }
  }
  const code = await ended
  if (code !== 0) throw new Error(`The day ended with ${code}: ${errors.trim()}`)
  return day
}

type Measure = 'heapUsed' | 'external' | 'rss'

/** By how much it grows in an hour: the slope of the straight line that fits best. Bytes. */
export function slopePerHour(samples: readonly HourSample[], measure: Measure): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const hours = mean(samples.map(sample => sample.hour))
  const bytes = mean(samples.map(sample => sample[measure]))
  const spread = samples.reduce((sum, { hour }) => sum + (hour - hours) ** 2, 0)
  if (spread === 0) return 0
  return samples.reduce((sum, sample) => sum + (sample.hour - hours) * (sample[measure] - bytes), 0) / spread
}

/** The first hours fill what is kept on purpose: compiled code, prepared statements, histories. */
const settledHour = 6

export function dayReport({ samples, tallies }: Day): string {
  const settled = samples.filter(({ hour }) => hour >= settledHour)
  const row = (name: string, measure: Measure) => {
    const at = (sample: HourSample | undefined) => (sample ? (sample[measure] / MiB).toFixed(1) : '–')
    const slope = (slopePerHour(settled, measure) / 1024).toFixed(0)
    return [name, at(samples[0]), at(settled[0]), at(samples.at(-1)), slope]
  }
  const head = ['after collection, MiB', 'hour 1', `hour ${settledHour}`, `hour ${samples.length}`, 'slope KiB/h']
  const late = tallies.filter(({ complete, expected }) => complete !== expected)
  const counts =
    late.length === 0
      ? 'Every job ran at each of its times.'
      : late.map(({ job, complete, expected }) => `${job} ran ${complete} of ${expected} times.`).join('\n')
  const rows = [row('heap in use', 'heapUsed'), row('buffers', 'external'), row('resident', 'rss')]
  return `${tallies.length} jobs, ${samples.at(-1)?.runs ?? 0} runs in ${samples.length} hours. ${counts}\n\n${table(head, rows)}`
}
