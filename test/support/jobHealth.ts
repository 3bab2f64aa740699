import type { JobHealth } from '../../engine/notices/health.ts'

const hourMs = 3_600_000

/** Noon of a Wednesday, UTC. */
export const noon = Date.UTC(2030, 0, 2, 12)

/** A job in order, last backed up two hours before noon; `change` says what is different. */
export const jobHealth = (name: string, change: Partial<JobHealth> = {}): JobHealth => ({
  id: `id-${name}`,
  name,
  state: 'ok',
  lastSuccess: noon - 2 * hourMs,
  problems: [],
  ...change,
})

/** The failure of a job whose destination is away, since an hour before noon. */
export const unreachable = {
  since: noon - hourMs,
  run: 'run-1',
  attempts: 3,
  code: 'storage.unreachable' as const,
  message: 'The bucket could not be reached.',
  advice: 'Check the network.',
}
