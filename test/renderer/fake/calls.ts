import { destinationsCalls } from './calls/destinations.ts'
import { jobsCalls } from './calls/jobs.ts'
import { restoresCalls } from './calls/restores.ts'
import { sourcesCalls } from './calls/sources.ts'
import type { FakeCalls } from './calls/types.ts'
import { upkeepCalls } from './calls/upkeep.ts'
import { versionsCalls } from './calls/versions.ts'
import { fakeFileCalls } from './files.ts'
import type { FakeWorld } from './world.ts'

/** What the invented helper answers. */
export const fakeCalls = (world: FakeWorld): FakeCalls => ({
  ...jobsCalls(world),
  ...destinationsCalls(world),
  ...sourcesCalls(world),
  ...restoresCalls(world),
  ...versionsCalls(world),
  ...upkeepCalls(world),
  ...fakeFileCalls(world),
})
