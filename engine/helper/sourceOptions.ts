import type { Job, JobSource } from '../contract/jobs.ts'
import type { SourceOptions } from '../engineApi.ts'

/** How a job wants a source of it to be read. */
export function sourceOptionsOf({ snapshot, whileInUse, usedBlocksOnly }: Job, source: JobSource): SourceOptions {
  return {
    // What was chosen as a file must not have become a device, or the way to one.
    expect: source.device === null ? 'file' : 'device',
    noTracking: !snapshot.keep,
    whileInUse,
    // A file is read as far as it is allocated, unless somebody asks for more on the command line.
    ...(source.device === null ? {} : { usedBlocksOnly }),
    ...(snapshot.roomBytes === null ? {} : { snapshotBytes: snapshot.roomBytes }),
  }
}
