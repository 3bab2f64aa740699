import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { linux } from '../base/linux.ts'
import { fateOf, isSameProcess, ownIdentity } from '../base/processIdentity.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { type PoolStatus, parsePoolStatus } from './deviceStatus.ts'
import { type HeldRecord, HeldRecords } from './heldRecords.ts'
import { statusOf } from './inspect.ts'
import { findMapped, metadataDeviceOf } from './mappedDevices.ts'
import { change } from './programs.ts'
import type { LvmContext } from './system.ts'

/** Comparing two volumes of a large pool takes minutes, not more. */
const patienceMs = 10 * 60_000
const pauseMs = 200

/** The kernel's device of a pool: as soon as one of its volumes is active it is there, even if the pool itself is not. */
const deviceOf = (pool: string) => `${pool}-tpool`

/** What a pool says; undefined when none of its volumes is active, and when it has failed. May be cancelled. */
export async function poolStatus(
  context: LvmContext,
  pool: string,
  signal?: AbortSignal,
): Promise<PoolStatus | undefined> {
  return parsePoolStatus((await statusOf(context.system, deviceOf(pool), signal)) ?? '')
}

/**
 * Holds the metadata of a pool still while `work` reads it from the device at the path that it is given; the pool goes on meanwhile.
 * What was made before the call is in it. One at a time for each pool, which all processes of this computer wait for.
 *
 * source.inUse when somebody else holds it (that is left alone), or when the turn does not come within ten minutes;
 * source.readFailed when the pool is not active or does not answer. May be cancelled, and is let go of then, too.
 */
export async function withMetadataSnapshot<T>(
  context: LvmContext,
  pool: string,
  signal: AbortSignal | undefined,
  work: (metadataPath: string) => Promise<T>,
): Promise<T> {
  return await inTurn(context, pool, signal, async () => {
    const records = new HeldRecords(context.stateDir)
    const { system } = context
    const device = await findMapped(system, deviceOf(pool))
    const metadata = device && (await metadataDeviceOf(system, device))
    if (device === undefined || metadata === undefined) throw noAnswer(pool, 'it is not active')

    await releaseOurs(context, pool, records)
    const status = await poolStatus(context, pool, signal)
    if (status === undefined) throw noAnswer(device.name, 'it has failed')
    if (status.heldRoot !== undefined) throw heldByOthers(device.name, status.heldRoot)

    throwIfAborted(signal)
    const record = { pool, by: ownIdentity(), heldRoot: null }
    await records.write(record)
    const reserved = await message(context, pool, 'reserve_metadata_snap')
    if (reserved !== undefined) {
      await records.remove(pool)
      throw noAnswer(device.name, reserved)
    }
    try {
      const { heldRoot = null } = (await poolStatus(context, pool)) ?? {}
      await records.write({ ...record, heldRoot })
      return await work(metadata.path)
    } finally {
      const released = await message(context, pool, 'release_metadata_snap')
      // The record stays then, and whoever comes next tries again.
      if (released === undefined) await records.remove(pool)
      else context.logger.warn('A snapshot of the metadata of a pool could not be let go of', { pool, said: released })
    }
  })
}

/**
 * Lets go of what processes with this state folder left held when they died. A pool that is not active now keeps its record. Never
 * fails; what goes wrong is logged.
 */
export async function releaseStale(context: LvmContext): Promise<void> {
  const records = new HeldRecords(context.stateDir)
  for (const { pool } of await records.list()) {
    try {
      await inTurn(context, pool, undefined, () => releaseOurs(context, pool, records))
    } catch (error) {
      context.logger.warn('A pool could not be looked after', { pool, error })
    }
  }
}

type Fate = 'alive' | 'dead' | 'unknown'

/** Asked while nobody of this computer has the turn: what this very process noted earlier, it could not undo then. */
const fateOfHolder = (by: HeldRecord['by']): Fate => (isSameProcess(by, ownIdentity()) ? 'dead' : fateOf(by))

/**
 * What to do about a record: `release` what is held, since it is certainly what a process of ours left; `forget` the record, since
 * nothing of ours is held any more; `leave` it to a process that may live. The number guards against a snapshot that somebody else made
 * since; a record without one is of a process that died while it made its own.
 */
export function judgeRecord(
  record: HeldRecord,
  heldRoot: number | undefined,
  fate: (by: HeldRecord['by']) => Fate = fateOfHolder,
): 'release' | 'forget' | 'leave' {
  if (fate(record.by) !== 'dead') return 'leave'
  if (heldRoot === undefined) return 'forget'
  return record.heldRoot === null || record.heldRoot === heldRoot ? 'release' : 'forget'
}

async function releaseOurs(context: LvmContext, pool: string, records: HeldRecords): Promise<void> {
  const record = await records.read(pool)
  if (record === undefined) return
  const status = await poolStatus(context, pool)
  if (status === undefined) return
  const judgement = judgeRecord(record, status.heldRoot)
  if (judgement === 'leave') return
  if (judgement === 'release') {
    const said = await message(context, pool, 'release_metadata_snap')
    if (said !== undefined) throw noAnswer(pool, said)
    context.logger.info('A snapshot of the metadata of a pool, left by a process that died, was let go of', { pool })
  }
  await records.remove(pool)
}

/** Sends a message to a pool. Resolves to what was said against it; undefined when it was done. */
async function message(context: LvmContext, pool: string, text: string): Promise<string | undefined> {
  const { exitCode, stderr } = await change(context.system, 'dmsetup', ['message', '--uuid', deviceOf(pool), '0', text])
  return exitCode === 0 ? undefined : stderr.trim() || `dmsetup ended with ${exitCode}`
}

async function inTurn<T>(
  { system }: LvmContext,
  pool: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(system.lockFolder, { recursive: true })
  const path = join(system.lockFolder, `holdfast-metadata-${pool}.lock`)
  const lock = await open(path, 'a', 0o600)
  try {
    const until = system.clock.monotonic() + patienceMs
    while (linux.lockFile(lock.fd) === 'taken') {
      throwIfAborted(signal)
      if (system.clock.monotonic() > until) throw busy(pool, path)
      await system.clock.sleep(pauseMs, signal)
    }
    return await work()
  } finally {
    // That gives up the lock. The file stays: removing it would part those who hold it from those who come.
    await lock.close()
  }
}

const noAnswer = (pool: string, why: string) =>
  new HoldfastError('source.readFailed', `The thin pool ${pool} does not tell what was written: ${why}.`, {
    advice: 'Look at it with "lvs -a" and "dmsetup status".',
    details: { pool },
  })

const heldByOthers = (device: string, heldRoot: number) =>
  new HoldfastError(
    'source.inUse',
    `Another program holds a snapshot of the metadata of the thin pool ${device}, and there can be only one.`,
    {
      advice: `Wait until that program has ended. If none uses it any more: dmsetup message ${device} 0 release_metadata_snap`,
      details: { device, heldRoot },
      retryable: true,
    },
  )

const busy = (pool: string, lock: string) =>
  new HoldfastError('source.inUse', 'Another run of Holdfast takes long to compare volumes of the same thin pool.', {
    advice: 'Try again when it has ended.',
    details: { pool, lock },
    retryable: true,
  })
