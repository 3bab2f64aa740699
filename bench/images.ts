import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChangedPages, changedPages } from '../engine/demo/changedPages.ts'
import { applyDayChange } from '../engine/demo/dayChange.ts'
import { makeImage } from '../engine/demo/ext4Image.ts'

export const profiles = ['baseline', 'heavy'] as const
export type Profile = (typeof profiles)[number]

/** The images of a benchmark: one before the day and one after it for each profile. */
export interface Images {
  before: string
  after: Record<Profile, string>
  /** What changed, and the least that can be stored for it. */
  changes: Record<Profile, ChangedPages>
}

const seed = 1

/** Makes the images in `dir`, or takes those that an earlier run with the same size left there. */
export async function prepareImages(dir: string, sizeBytes: number, signal: AbortSignal): Promise<Images> {
  const before = join(dir, 'before.img')
  const after = { baseline: join(dir, 'after-baseline.img'), heavy: join(dir, 'after-heavy.img') }
  const record = join(dir, 'made.json')
  const made = await readFile(record, 'utf8').then(
    text => JSON.parse(text) as { sizeBytes: number; changes: Images['changes'] },
    () => undefined,
  )
  if (made?.sizeBytes === sizeBytes) return { before, after, changes: made.changes }

  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  await makeImage({ path: before, sizeBytes, seed, signal })
  const changes = {} as Images['changes']
  for (const profile of profiles) {
    await copyFile(before, after[profile])
    await applyDayChange({ path: after[profile], seed, heavy: profile === 'heavy', signal })
    changes[profile] = await changedPages(before, after[profile], signal)
  }
  // Written last: an interrupted run leaves no record and its images are made again.
  await writeFile(record, JSON.stringify({ sizeBytes, changes }))
  return { before, after, changes }
}
