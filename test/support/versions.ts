import type { VersionId } from '../../engine/contract/ids.ts'
import type { Version } from '../../engine/contract/models.ts'

/** A version id whose last digits are the number, in hex. */
export const idOf = (number: number): VersionId => number.toString(16).padStart(16, '0') as VersionId

/** A complete version of web01 with plausible figures; say only what matters to the test. */
export function makeVersion(facts: Partial<Omit<Version, 'id'>> & { id?: string } = {}): Version {
  return {
    name: 'web01',
    date: '2026-01-31T10:00:00.000Z',
    sizeBytes: 10 * 1024 ** 3,
    blockSizeBytes: 65536,
    status: 'complete',
    protected: false,
    labels: {},
    readBytes: 4 * 1024 ** 3,
    newBytes: 1024 ** 3,
    storedBytes: 512 * 1024 ** 2,
    holeBytes: 1024 ** 2,
    durationMs: 90_000,
    method: 'full',
    consistency: 'consistent',
    source: '/dev/vg0/web01',
    host: 'server1',
    base: null,
    unreadable: [],
    scrubbedAt: null,
    ...facts,
    id: (facts.id ?? idOf(1)) as VersionId,
  }
}
