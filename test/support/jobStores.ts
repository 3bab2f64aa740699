import { join } from 'node:path'
import { destinationSchema } from '../../engine/contract/jobs.ts'
import { openJobDatabase } from '../../engine/jobs/database.ts'
import { FactStore } from '../../engine/jobs/factStore.ts'
import { RecordStore } from '../../engine/jobs/recordStore.ts'
import { RunStore } from '../../engine/jobs/runStore.ts'
import { storedJobSchema } from '../../engine/jobs/storedJob.ts'

/** Everything that a helper keeps, in a real file in `folder`. Close `db`. */
export function openJobStores(folder: string) {
  const db = openJobDatabase(join(folder, 'jobs.sqlite'))
  return {
    db,
    jobs: new RecordStore(db, 'jobs', storedJobSchema, 'job'),
    destinations: new RecordStore(db, 'destinations', destinationSchema, 'destination'),
    runs: new RunStore(db),
    facts: new FactStore(db),
  }
}
