import type { ReadMethod } from './contract/models.ts'
import { openPlain, type SourceOptions, type VolumeDeps } from './heldSource.ts'
import type { TrackedVolume } from './tracking/trackedVolume.ts'

/**
 * How a source would be read by a run to these repositories, without reading, locking or changing anything. Errors are those that the
 * run would end with.
 */
export async function previewSource(
  path: string,
  options: SourceOptions & { repositories: readonly string[] },
  deps: VolumeDeps | undefined,
): Promise<{ sizeBytes: number; method: ReadMethod }> {
  const isVolume = deps !== undefined && !options.noSnapshot && options.expect !== 'file'
  const volume = isVolume ? await deps.driver.find(path) : undefined
  if (volume !== undefined) {
    return { sizeBytes: volume.sizeBytes, method: await methodOf(volume, options, deps!) }
  }
  const source = await openPlain(path, options)
  try {
    return { sizeBytes: source.sizeBytes, method: source.knowsHoles ? 'allocation' : 'full' }
  } finally {
    await source.close()
  }
}

/** What changed is read only when it is known for each of the repositories. */
async function methodOf(
  volume: TrackedVolume,
  { repositories }: { repositories: readonly string[] },
  deps: VolumeDeps,
): Promise<ReadMethod> {
  const record = await deps.store.read(volume.id)
  const isKnown = repositories.length > 0 && repositories.every(id => record?.repositories.has(id))
  if (isKnown && record?.kept && (await volume.isValid(record.kept))) return volume.method
  // What a file system has free shows only in its snapshot.
  return volume.method === 'lvm-thin' ? 'allocation' : 'full'
}
