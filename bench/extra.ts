import { randomBytes } from 'node:crypto'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { folderSize, measure } from './measure.ts'
import type { Places } from './tool.ts'
import { holdfast, holdfastInvocation } from './tools/holdfast.ts'

const TiB = 2 ** 40

/** What very large, nearly empty disks cost Holdfast. */
export interface ExtraResult {
  name: string
  seconds: number
  peakBytes: number
  /** What the measured step added to the repository. */
  growthBytes: number
}

/**
 * Two questions of scale, for Holdfast alone: how much memory a first backup of a sparse 10 TiB file takes, and how long
 * a backup of 1 TiB takes, and what it stores, when the hints say that nothing changed.
 */
export async function runExtra(workDir: string, signal: AbortSignal): Promise<ExtraResult[]> {
  const results: ExtraResult[] = []
  const run = async (name: string, places: Places, args: string[]): Promise<string> => {
    const before = (await folderSize(places.repository)).apparentBytes
    const { seconds, peakBytes, stdout } = await measure(holdfastInvocation(places, args), signal)
    const growthBytes = (await folderSize(places.repository)).apparentBytes - before
    results.push({ name, seconds, peakBytes, growthBytes })
    return stdout
  }
  try {
    const huge = await prepare(workDir, 'huge', 10 * TiB)
    await measure(holdfast.init(huge), signal)
    await run('first backup of a sparse 10 TiB file', huge, ['backup', huge.image, '--name', 'huge'])

    const large = await prepare(workDir, 'large', TiB)
    await measure(holdfast.init(large), signal)
    const first = await run('first backup of a sparse 1 TiB file', large, [
      'backup',
      large.image,
      '--name',
      'large',
      '--json',
    ])
    const { version } = JSON.parse(first) as { version: string }
    const hints = join(large.home, 'hints.json')
    await writeFile(hints, '[]')
    const hinted = ['backup', large.image, '--name', 'large', '--hints', hints, '--base', version]
    await run('1 TiB with hints that say nothing changed', large, hinted)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
  return results
}

/** A sparse file with 1 MiB of data at 64 places spread over it. */
async function prepare(workDir: string, name: string, sizeBytes: number): Promise<Places> {
  const home = join(workDir, name)
  await mkdir(home, { recursive: true })
  const image = join(home, 'disk.img')
  const file = await open(image, 'wx')
  try {
    await file.truncate(sizeBytes)
    for (let i = 0; i < 64; i++) await file.write(randomBytes(2 ** 20), 0, 2 ** 20, (sizeBytes / 64) * i)
  } finally {
    await file.close()
  }
  return { home, repository: join(home, 'repository'), image }
}
