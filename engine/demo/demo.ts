import { constants } from 'node:fs'
import { copyFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../base/bytes.ts'
import { runCommand } from '../base/command.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { BackupResult, RestoreResult, ScrubResult, Version } from '../contract/models.ts'
import type { CallOptions, Engine, Session } from '../engineApi.ts'
import { applyDayChange, type DayReport } from './dayChange.ts'
import { type ImageReport, makeImage } from './ext4Image.ts'
import { firstDifference } from './firstDifference.ts'

/** What the demo does, in the order in which it does it. */
export type DemoStep =
  | { kind: 'disk'; path: string; image: ImageReport }
  | { kind: 'repository'; path: string }
  | { kind: 'firstBackup'; backup: BackupResult }
  | { kind: 'day'; day: DayReport }
  | { kind: 'secondBackup'; backup: BackupResult }
  | { kind: 'versions'; versions: Version[] }
  | { kind: 'restore'; which: 'second' | 'first'; restore: RestoreResult }
  | { kind: 'scrub'; scrub: ScrubResult; repositoryBytes: number }

export interface DemoOptions extends CallOptions {
  /** An empty folder for everything; it stays to the caller to remove it. */
  folder: string
  /** Size of the disk in bytes, from 32 MiB. */
  sizeBytes: number
  createEngine(stateDir: string): Promise<Engine>
  /** Called at the end of each step with the time that it took. */
  onStep(step: DemoStep, durationMs: number): void
}

/** The disk, its state before the day's change, two restored disks and the repository. */
const roomPerDiskByte = 5

/**
 * Does the main job on real data, through the same engine as everything else: a disk image with an ext4 file system, an
 * encrypted repository, a backup, a day's change, a second backup, restores of both versions (the older one as on another
 * computer: with nothing but the repository and its recovery phrase), comparison byte for byte, and a deep scrub.
 *
 * Fails with config.invalid when e2fsprogs is missing, target.full when there is no room, and integrity.damageFound when
 * anything is not what it was. Cancelled by the signal.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { folder, sizeBytes, signal } = options
  await requirePrograms(signal)
  await requireRoom(folder, sizeBytes * roomPerDiskByte)
  const seed = randomHex(4)
  const disk = join(folder, 'disk.img')
  const diskBefore = join(folder, 'disk-before.img')
  const repository = join(folder, 'repository')
  const call: CallOptions = {
    ...(signal === undefined ? {} : { signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  }
  const step = stepper(options)

  await step(async () => ({
    kind: 'disk',
    path: disk,
    image: await makeImage({ path: disk, sizeBytes, seed, ...(signal === undefined ? {} : { signal }) }),
  }))
  const engine = await options.createEngine(join(folder, 'state'))
  const secret = { kind: 'passphrase' as const, passphrase: randomHex(16) }
  let phrase = ''
  await step(async () => {
    phrase = (await engine.init(repository, secret)).recoveryPhrase
    return { kind: 'repository', path: repository }
  })

  await using opened = closing(await engine.open(repository, secret))
  const { session } = opened
  const backup = () => session.backup(disk, { ...call, name: 'demo' })
  const first = await step(async () => ({ kind: 'firstBackup', backup: await backup() }))
  await copyFile(disk, diskBefore, constants.COPYFILE_FICLONE)
  await step(async () => {
    const day = { path: disk, seed, ...(signal === undefined ? {} : { signal }) }
    return { kind: 'day', day: await applyDayChange(day) }
  })
  const second = await step(async () => ({ kind: 'secondBackup', backup: await backup() }))
  await step(async () => ({ kind: 'versions', versions: await session.versions() }))

  await step(async () => {
    const target = join(folder, 'restored-second.img')
    const restore = await session.restore(second.backup.version, target, call)
    await requireIdentical(target, disk)
    return { kind: 'restore', which: 'second', restore }
  })
  await step(async () => {
    const elsewhere = await options.createEngine(join(folder, 'state-of-another-computer'))
    await using opened = closing(await elsewhere.open(repository, { kind: 'recovery', phrase }))
    const target = join(folder, 'restored-first.img')
    const restore = await opened.session.restore(first.backup.version, target, call)
    await requireIdentical(target, diskBefore)
    return { kind: 'restore', which: 'first', restore }
  })
  await step(async () => {
    const scrub = await session.scrub([], call)
    if (scrub.damaged.length > 0) throw notIdentical(`the scrub found damage: ${scrub.damaged[0]!.reason}`)
    return { kind: 'scrub', scrub, repositoryBytes: (await session.stats()).storedBytes }
  })
}

function stepper({ onStep }: DemoOptions) {
  return async <Step extends DemoStep>(work: () => Promise<Step>): Promise<Step> => {
    const began = performance.now()
    const step = await work()
    onStep(step, Math.round(performance.now() - began))
    return step
  }
}

const closing = (session: Session): AsyncDisposable & { session: Session } => ({
  session,
  [Symbol.asyncDispose]: () => session.close(),
})

async function requirePrograms(signal: AbortSignal | undefined): Promise<void> {
  for (const program of ['mke2fs', 'debugfs', 'e2fsck']) {
    try {
      await runCommand(program, ['-V'], { failureCode: 'config.invalid', ...(signal === undefined ? {} : { signal }) })
    } catch (error) {
      if (!isHoldfastError(error, 'config.invalid')) throw error
      throw new HoldfastError(
        'config.invalid',
        `The demo makes a real ext4 disk, but ${program} is not there to do it.`,
        {
          advice: 'Install the package e2fsprogs (on Debian and Ubuntu: apt install e2fsprogs) and start it again.',
          details: { program, package: 'e2fsprogs' },
          cause: error,
        },
      )
    }
  }
}

async function requireRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  if (freeBytes >= neededBytes) return
  throw new HoldfastError(
    'target.full',
    `The demo needs ${formatBytes(neededBytes)} in ${folder}, but only ${formatBytes(freeBytes)} are free.`,
    {
      advice: 'Make room, name another folder with TMPDIR, or choose a smaller disk with --size.',
      details: { freeBytes },
    },
  )
}

async function requireIdentical(restored: string, original: string): Promise<void> {
  const difference = await firstDifference(restored, original)
  if (difference !== undefined) throw notIdentical(`${restored} differs from ${original} at byte ${difference}`)
}

const notIdentical = (what: string): HoldfastError =>
  new HoldfastError('integrity.damageFound', `The demo failed: ${what}.`, {
    advice: 'This must not happen: check the memory and the disk of this computer, then report it as a bug.',
  })
