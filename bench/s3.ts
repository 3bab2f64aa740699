import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../engine/demo/seededRandom.ts'
import { Radosgw } from '../test/support/radosgw.ts'
import { testBucket } from '../test/support/s3Server.ts'
import { type Measured, measure, warm } from './measure.ts'
import { versionLine } from './programs.ts'
import { table } from './report.ts'
import type { Invocation, Places } from './tool.ts'
import { holdfastInvocation } from './tools/holdfast.ts'

const GiB = 2 ** 30
const sizeBytes = 2 * GiB
const uploader = fileURLToPath(new URL('./s3Upload.ts', import.meta.url))
const mostBytes = 400e6
const wantedShare = 0.7

/** Seconds and memory of one way to bring the same packs to the same server, as often as there are rounds. */
export interface S3Figures {
  rclone: Measured[]
  /** The driver alone. */
  driver: Measured[]
  /** A whole backup: reading, hashing, encryption and the upload. */
  backup: Measured[]
}

/**
 * Bringing 2 GiB that do not compress to radosgw on this computer, by turns: `rclone copy` of the packs, the same packs with
 * Holdfast's driver, and a backup. Needs radosgw and rclone.
 */
export async function measureS3(
  workDir: string,
  rounds: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<S3Figures> {
  if ((await versionLine('rclone', ['version'])) === undefined) throw new Error('rclone is not installed.')
  const run = join(workDir, 's3')
  await rm(run, { recursive: true, force: true })
  const places: Places = { repository: join(run, 'repository'), image: join(run, 'image'), home: join(run, 'home') }
  await mkdir(places.home, { recursive: true })
  const figures: S3Figures = { rclone: [], driver: [], backup: [] }
  try {
    say(`making the image and its packs in ${run}`)
    await writeRandom(places.image)
    await measure(holdfastInvocation(places, ['init']), signal)
    await measure(holdfastInvocation(places, ['backup', places.image, '--name', 'disk']), signal)
    const packs = join(places.repository, 'packs')
    for (let round = 0; round < rounds; round++) {
      for (const way of ['rclone', 'driver', 'backup'] as const) {
        say(`round ${round + 1} of ${rounds}: ${way}`)
        // Another one each time: all of its data is in memory.
        const server = await Radosgw.start()
        try {
          await warm(packs)
          await warm(places.image)
          figures[way].push(await oneUpload(way, server, places, packs, signal))
        } finally {
          await server.close()
        }
      }
    }
    return figures
  } finally {
    await rm(run, { recursive: true, force: true })
  }
}

async function oneUpload(way: keyof S3Figures, server: Radosgw, places: Places, packs: string, signal: AbortSignal) {
  const { keyId, secretKey } = server.credentials
  const keys = { HOLDFAST_S3_KEY_ID: keyId, HOLDFAST_S3_SECRET_KEY: secretKey }
  if (way === 'rclone') return await measure(rcloneInvocation(server, packs), signal)
  if (way === 'driver') {
    return await measure({ argv: [process.execPath, uploader, packs, server.url('packs')], env: keys }, signal)
  }
  const there = { ...places, repository: server.url('backup'), home: join(places.home, String(Math.random()).slice(2)) }
  await mkdir(there.home)
  const withKeys = (invocation: Invocation) => ({ ...invocation, env: { ...invocation.env, ...keys } })
  await measure(withKeys(holdfastInvocation(there, ['init'])), signal)
  return await measure(withKeys(holdfastInvocation(there, ['backup', places.image, '--name', 'disk'])), signal)
}

/** rclone with its defaults, but that it is told what kind of server it is. */
function rcloneInvocation({ endpoint, credentials }: Radosgw, packs: string): Invocation {
  return {
    argv: ['rclone', 'copy', packs, `there:${testBucket}/packs`],
    env: {
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_THERE_TYPE: 's3',
      RCLONE_CONFIG_THERE_PROVIDER: 'Ceph',
      RCLONE_CONFIG_THERE_ENDPOINT: endpoint,
      RCLONE_CONFIG_THERE_ACCESS_KEY_ID: credentials.keyId,
      RCLONE_CONFIG_THERE_SECRET_ACCESS_KEY: credentials.secretKey,
    },
  }
}

export function s3Report(figures: S3Figures): string {
  const base = median(figures.rclone.map(({ seconds }) => seconds))
  const rows = Object.entries(figures).map(([way, all]: [string, Measured[]]) => {
    const seconds = median(all.map(one => one.seconds))
    const peak = Math.max(...all.map(one => one.peakBytes))
    return [
      way,
      seconds.toFixed(2),
      (sizeBytes / seconds / 1e6).toFixed(0),
      `${((base / seconds) * 100).toFixed(0)} %`,
      (peak / 1e6).toFixed(0),
    ]
  })
  const wanted = `Wanted: ${wantedShare * 100} % of rclone, at most ${mostBytes / 1e6} MB.`
  return `${table(['2 GiB to radosgw', 'seconds', 'MB/s', 'of rclone', 'peak MB'], rows)}\n\n${wanted}`
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

async function writeRandom(path: string): Promise<void> {
  const random = seededRandom('s3')
  const pieceBytes = 16 * 2 ** 20
  const file = await open(path, 'w')
  try {
    for (let at = 0; at < sizeBytes; at += pieceBytes) await file.write(random.bytes(pieceBytes))
  } finally {
    await file.close()
  }
}
