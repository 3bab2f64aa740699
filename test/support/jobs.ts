import { randomHex } from '../../engine/base/random.ts'
import { type Destination, type Job, type JobSettingsInput, jobSettingsSchema } from '../../engine/contract/jobs.ts'

const at = '2026-01-31T10:00:00.000Z'

export function makeDestination(facts: Partial<Destination> = {}): Destination {
  return {
    id: randomHex(8),
    name: 'drive',
    url: '/nowhere',
    repositoryId: randomHex(16),
    drive: null,
    mayMount: false,
    ejectAfterBackup: false,
    createdAt: at,
    lastSeenAt: null,
    ...facts,
  }
}

export function makeJob(facts: Partial<JobSettingsInput & Pick<Job, 'id' | 'pausedUntil' | 'createdAt'>> = {}): Job {
  const { id = randomHex(8), pausedUntil = null, createdAt = at, ...settings } = facts
  const whole = jobSettingsSchema.parse({
    name: 'Everything',
    sources: [{ path: '/dev/nowhere', name: 'disk' }],
    destinations: ['00000000deadbeef'],
    schedule: null,
    ...settings,
  })
  return { ...whole, id, pausedUntil, createdAt, updatedAt: createdAt, scheduledSince: createdAt }
}
