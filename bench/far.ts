import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Radosgw } from '../test/support/radosgw.ts'
import { SlowProxy } from '../test/support/slowProxy.ts'
import { prepareImages } from './images.ts'
import { measure } from './measure.ts'
import { table } from './report.ts'
import type { Places } from './tool.ts'
import { holdfastInvocation } from './tools/holdfast.ts'

const sizeBytes = 2 ** 30
/** Each way. */
const delayMs = 20

/** What somebody did, and how long it took in each round. */
export type FarFigures = Map<string, number[]>

/**
 * Everyday commands on a bucket that is 40 ms away: radosgw on this computer, behind a proxy that passes everything on later. The
 * second time of a command is with what the first has left on this computer.
 */
export async function measureFar(
  workDir: string,
  rounds: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<FarFigures> {
  say(`making the image in ${workDir}`)
  const { before: image } = await prepareImages(join(workDir, 'images'), sizeBytes, signal)
  const figures: FarFigures = new Map()
  try {
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}`)
      for (const [what, seconds] of await oneRound(join(workDir, 'far'), image, signal)) {
        figures.set(what, [...(figures.get(what) ?? []), seconds])
      }
    }
    return figures
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

async function oneRound(run: string, image: string, signal: AbortSignal): Promise<[string, number][]> {
  await rm(run, { recursive: true, force: true })
  const server = await Radosgw.start()
  const { port } = new URL(server.endpoint)
  const proxy = await SlowProxy.start(Number(port), delayMs)
  try {
    const repository = server.url('backup').replace(`:${port}`, `:${proxy.port}`)
    const { keyId, secretKey } = server.credentials
    const took = async (home: string, ...args: string[]): Promise<number> => {
      const places: Places = { repository, image, home: join(run, home) }
      await mkdir(places.home, { recursive: true })
      const invocation = holdfastInvocation(places, args)
      const env = { ...invocation.env, HOLDFAST_S3_KEY_ID: keyId, HOLDFAST_S3_SECRET_KEY: secretKey }
      return (await measure({ ...invocation, env }, signal)).seconds
    }
    const restored = join(run, 'restored')
    return [
      ['making a repository', await took('here', 'init')],
      ['first backup of 1 GiB', await took('here', 'backup', image, '--name', 'disk')],
      ['unchanged backup', await took('here', 'backup', image, '--name', 'disk')],
      ['listing versions, on a computer that knows nothing', await took('other', 'versions')],
      ['listing versions, again', await took('other', 'versions')],
      ['looking into a folder of a version', await took('other', 'files', 'disk:latest', 'usr')],
      ['looking into it again', await took('other', 'files', 'disk:latest', 'usr')],
      ['full restore', await took('other', 'restore', 'disk:latest', restored)],
    ]
  } finally {
    await proxy.stop()
    await server.close()
  }
}

export function farReport(figures: FarFigures): string {
  const rows = [...figures].map(([what, all]) => [what, all.toSorted((a, b) => a - b)[all.length >> 1]!.toFixed(2)])
  return table([`a bucket that is ${2 * delayMs} ms away`, 'seconds'], rows)
}
