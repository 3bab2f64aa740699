import type { Destination } from '../../engine/contract/jobs.ts'

/** A destination with a folder; `digit` makes its ids. */
export const destinationOf = (name: string, digit: string): Destination => ({
  id: digit.repeat(16),
  name,
  url: `/backups/${name}`,
  repositoryId: digit.repeat(32),
  drive: null,
  mayMount: false,
  ejectAfterBackup: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastSeenAt: null,
})
