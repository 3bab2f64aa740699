import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../base/bytes.ts'
import { runCommand } from '../base/command.ts'
import { findSystemProgram } from '../base/systemPrograms.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Cli } from './cli.ts'
import { secretSource } from './secrets.ts'
import { listed, localMinute } from './words.ts'

/** One line of what the doctor says. */
export interface Finding {
  /** What was looked at, for machines. */
  check: string
  /** A warning is about something that not everybody needs. */
  status: 'ok' | 'warning' | 'problem'
  message: string
  /** What to do now; for everything that is not ok. */
  advice?: string
}

type Check = (cli: Cli) => Promise<Finding | undefined>

/** Looks at everything in turn. Checks do not end each other: a check that fails unexpectedly is a problem of its own. */
export async function examine(cli: Cli): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, check] of Object.entries(checks)) {
    const finding = await check(cli).catch((error: unknown) => unexpected(name, error))
    if (finding) findings.push(finding)
  }
  return findings
}

const ok = (check: string, message: string): Finding => ({ check, status: 'ok', message })

function unexpected(check: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error)
  const advice = isHoldfastError(error) ? error.advice : undefined
  return {
    check,
    status: 'problem',
    message,
    advice: advice ?? 'Install Holdfast again, then run the doctor once more.',
  }
}

const checks: Record<string, Check> = {
  async runtime() {
    return ok('runtime', `Node ${process.versions.node} on ${process.platform} ${process.arch}.`)
  },

  async compression() {
    const { zstdCompressSync, zstdDecompressSync } = await import('node:zlib')
    const text = Buffer.from('holdfast '.repeat(100))
    if (!zstdDecompressSync(zstdCompressSync(text)).equals(text)) throw new Error('zstd gives back something else.')
    return ok('compression', 'zstd works.')
  },

  async keyDerivation() {
    const { argon2Sync } = await import('node:crypto')
    // Test vector of RFC 9106, section 5.3.
    const tag = argon2Sync('argon2id', {
      message: Buffer.alloc(32, 1),
      nonce: Buffer.alloc(16, 2),
      secret: Buffer.alloc(8, 3),
      associatedData: Buffer.alloc(12, 4),
      parallelism: 4,
      tagLength: 32,
      memory: 32,
      passes: 3,
    })
    if (tag.toString('hex') !== '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659') {
      throw new Error('Argon2id gives a wrong result.')
    }
    return ok('keyDerivation', 'Argon2id works.')
  },

  async systemCalls() {
    const { loadLibc } = await import('../base/linux/libc.ts')
    if (loadLibc() !== undefined) return ok('systemCalls', 'Calls to the system work (koffi).')
    return {
      check: 'systemCalls',
      status: 'warning',
      message: 'koffi cannot be loaded: empty parts of files are not skipped, and disks are read through the cache.',
      advice: 'Install Holdfast again on this computer: the package koffi must fit its processor and C library.',
    }
  },

  async stateFolder({ stateDir }) {
    const probe = join(stateDir, `.doctor-${randomBytes(4).toString('hex')}`)
    try {
      await mkdir(stateDir, { recursive: true, mode: 0o700 })
      await writeFile(probe, 'x')
      await unlink(probe)
    } catch (error) {
      throw new HoldfastError('config.invalid', `The state folder ${stateDir} cannot be written: ${codeOf(error)}.`, {
        advice: 'Give this user the right to write there, or name another folder with HOLDFAST_STATE_DIR.',
      })
    }
    const { bavail, bsize } = await statfs(stateDir)
    const freeBytes = bavail * bsize
    if (freeBytes >= leastFreeBytes) return ok('stateFolder', `The state folder ${stateDir} can be written.`)
    return {
      check: 'stateFolder',
      status: 'warning',
      message: `The state folder ${stateDir} has only ${formatBytes(freeBytes)} free.`,
      advice: 'Make room there, or name another folder with HOLDFAST_STATE_DIR.',
    }
  },

  async catalogue({ stateDir }) {
    // Loading it here tells a native module that does not fit apart from a folder that cannot be written.
    const { openDatabase } = await import('../catalogue/database.ts')
    const { stateMigrations } = await import('../catalogue/migrations/index.ts')
    openDatabase(join(stateDir, 'state.sqlite'), stateMigrations).close()
    return ok('catalogue', 'The catalogue opens (better-sqlite3).')
  },

  async storageCache({ stateDir }) {
    const { cacheLimitBytes, localCache } = await import('../storage/cache/localCache.ts')
    const { bytes, files } = await localCache(stateDir).usage()
    if (files === 0) return undefined
    const limit = formatBytes(await cacheLimitBytes(stateDir))
    return ok('storageCache', `${formatBytes(bytes)} of at most ${limit} are kept of repositories that are elsewhere.`)
  },

  async rights({ world }) {
    if (world.person.uid === 0) return ok('rights', 'Runs as root: disks and volumes can be read.')
    return {
      check: 'rights',
      status: 'warning',
      message: 'Does not run as root: image files can be backed up, most disks and volumes cannot.',
      advice: 'Run it with sudo to back up disks.',
    }
  },

  unfinishedVolumes: checkUnfinishedVolumes,

  lsblk: () =>
    programCheck('lsblk', ['--version'], 'util-linux', 'to show what is on a disk before it is written over'),
  async e2fsprogs() {
    const programs = ['mke2fs', 'debugfs', 'e2fsck']
    for (const program of programs) {
      const finding = await programCheck(program, ['-V'], 'e2fsprogs', 'for "holdfast demo"')
      if (finding.status !== 'ok') return { ...finding, check: 'e2fsprogs' }
    }
    return ok('e2fsprogs', `${programs.join(', ')} are there.`)
  },

  snapshots: checkSnapshots,

  repository: checkRepository,
}

const leastFreeBytes = 100 * 1024 * 1024

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

async function programCheck(program: string, args: string[], packageName: string, purpose: string): Promise<Finding> {
  try {
    await runCommand(program, args, { failureCode: 'config.invalid', timeoutMs: 10_000 })
    return ok(program, `${program} is there.`)
  } catch {
    return {
      check: program,
      status: 'warning',
      message: `${program} is missing or does not run; it is needed ${purpose}.`,
      advice: `Install the package ${packageName}.`,
    }
  }
}

/** Volumes that a restore was making when it was killed. Nothing where there is no LVM, or no right to ask it. */
async function checkUnfinishedVolumes({ world }: Cli): Promise<Finding | undefined> {
  if (world.person.uid !== 0 || (await findSystemProgram('lvs')) === undefined) return undefined
  const { unfinishedVolumes } = await import('../targets/newVolume.ts')
  const found = await unfinishedVolumes()
  if (found.length === 0) return ok('unfinishedVolumes', 'No restore has left an unfinished volume.')
  return {
    check: 'unfinishedVolumes',
    status: 'warning',
    message: `Begun by a restore that has not finished: ${found.join(', ')}.`,
    advice: `If no restore is running, remove it: lvremove ${found.join(' ')}`,
  }
}

/** What is kept of volumes costs something with every write, which people should know. */
async function checkSnapshots(cli: Cli): Promise<Finding | undefined> {
  const volumes = await (await cli.engine()).tracking()
  const snapshots = volumes.flatMap(volume => volume.snapshots.map(snapshot => ({ volume, snapshot })))
  if (snapshots.length === 0) return undefined
  const strange = snapshots.find(({ snapshot }) => !snapshot.isValid || snapshot.state === 'of-another')
  if (strange === undefined) {
    const takes = snapshots.reduce((sum, { snapshot }) => sum + (snapshot.usedBytes ?? 0), 0)
    const of = listed(snapshots.map(({ volume }) => volume.path))
    return ok('snapshots', `Snapshots of ${of} are kept between runs; they take ${formatBytes(takes)}.`)
  }
  const { name, isValid } = strange.snapshot
  return {
    check: 'snapshots',
    status: 'warning',
    message: isValid
      ? `The snapshot ${name} of ${strange.volume.path} is not of this state folder.`
      : `The snapshot ${name} of ${strange.volume.path} is full: the next run reads everything.`,
    advice: isValid
      ? `If nothing else of Holdfast needs it: holdfast tracking forget ${strange.volume.path} --yes`
      : 'The next run replaces it; give it more room with --snapshot-size, or back up more often.',
  }
}

/** Opens the repository that was named, if there is a key for it or somebody to ask. */
async function checkRepository(cli: Cli): Promise<Finding | undefined> {
  const url = cli.namedRepository
  if (url === undefined) return undefined
  const hasKey = secretSource(cli.globals, cli.world.env).kind !== 'ask'
  if (!hasKey && !cli.canAsk) {
    const { folderOf } = await import('../storage/locations.ts')
    const folder = folderOf(url)
    if (folder === undefined) return undefined
    await access(join(folder, 'config'), constants.R_OK).catch(error => {
      throw new HoldfastError('repository.notFound', `There is no repository at ${url}: ${codeOf(error)}.`, {
        advice: 'Connect the drive and check the path.',
      })
    })
    return {
      check: 'repository',
      status: 'warning',
      message: `The repository at ${url} is there, but was not opened: no passphrase was given.`,
      advice: 'Give --passphrase-file FILE to check that the repository opens.',
    }
  }
  const { stats, versions } = await cli.withSession(async session => ({
    stats: await session.stats(),
    versions: await session.versions(),
  }))
  const newest = versions
    .map(({ date }) => date)
    .sort()
    .at(-1)
  const last = newest === undefined ? 'no version yet' : `the newest version is of ${localMinute(newest)}`
  const room = stats.freeBytes === null ? '' : `, ${formatBytes(stats.freeBytes)} are free`
  return ok('repository', `The repository at ${url} opens; ${last}${room}.`)
}
