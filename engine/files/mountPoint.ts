import { mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../base/logger.ts'
import { fateOf } from '../base/processIdentity.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Attachment } from './attachment.ts'
import { clearLeftovers } from './attachment.ts'
import { AttachmentRecords } from './attachmentRecords.ts'
import type { AttachmentRecord } from './steps.ts'
import { type FilesSystem, filesSystem, mountLines } from './system.ts'
import { waitFor } from './waiting.ts'

/**
 * An empty folder at which a person wants to see files; answers with its path without links. Fails with files.mountPointNotFound and
 * files.mountPointNotEmpty.
 */
export async function requireMountPoint(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined)
  if (!facts?.isDirectory()) {
    const what = facts === undefined ? 'does not exist' : 'is no folder'
    throw new HoldfastError('files.mountPointNotFound', `${path} ${what}.`, {
      advice: `Make it first: mkdir ${path}`,
      details: { path },
    })
  }
  const place = await realpath(path)
  const isMountPoint = (await mountLines()).some(({ mountPoint }) => mountPoint === place)
  if (isMountPoint || (await readdir(place)).length > 0) {
    throw new HoldfastError('files.mountPointNotEmpty', `${path} is not empty.`, {
      advice: 'Name an empty folder: what is in it would be hidden.',
      details: { path },
    })
  }
  return place
}

/** Makes the folders below a mount point that a volume of this name is shown at. */
export async function makeVolumeFolder(attachment: Attachment, mountPoint: string, name: string): Promise<string> {
  let path = mountPoint
  for (const part of name.split('/')) {
    path = `${path}/${part}`
    const here = path
    if (await stat(here).catch(() => undefined)) continue
    await attachment.step({ kind: 'folder', path: here }, () => mkdir(here, { mode: 0o755 }))
  }
  return path
}

const lookMs = 500

/** Resolves when the signal fires, or when somebody has unmounted all of these. */
export async function untilUnmounted(mountPoints: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const mounted = new Set((await mountLines()).map(({ mountPoint }) => mountPoint))
    if (!mountPoints.some(path => mounted.has(path))) return
    await sleep(lookMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The process that mounted it takes the rest away, which takes it a moment. */
const endMs = 60_000

/**
 * Takes away what is mounted at a folder, by whatever process. What others use stays, with files.busy. Fails with files.notMounted.
 */
export async function unmountFolder(
  stateDir: string,
  path: string,
  { logger, system = filesSystem }: { logger: Logger; system?: FilesSystem },
): Promise<{ title: string; mountPoint: string }> {
  const records = new AttachmentRecords(stateDir)
  const place = await realpath(path).catch(() => resolve(path))
  const record = (await records.list()).find(({ mountPoint }) => mountPoint === place)
  if (!record) {
    throw new HoldfastError('files.notMounted', `No version is mounted at ${path}.`, {
      advice: 'Name the folder that was given to "holdfast mount", with the same state folder and as the same user.',
      details: { path },
    })
  }
  for (const mountPoint of mountPointsOf(record).reverse()) await unmountOne(mountPoint, system)
  const isGone = async () => {
    if (fateOf(record.owner) === 'dead') await clearLeftovers({ records, system, logger })
    return (await records.list()).some(({ id }) => id === record.id) ? undefined : true
  }
  if (await waitFor(isGone, { timeoutMs: endMs })) return { title: record.title, mountPoint: place }
  throw new HoldfastError('files.busy', `The process that mounted ${path} does not let go of it.`, {
    advice: `End it by hand; it is number ${record.owner.pid}.`,
    details: { path, pid: record.owner.pid },
    retryable: true,
  })
}

const mountPointsOf = ({ steps, mountPoint }: AttachmentRecord): string[] =>
  steps.flatMap(step =>
    step.kind === 'mount' && (step.mountPoint === mountPoint || step.mountPoint.startsWith(`${mountPoint}/`))
      ? [step.mountPoint]
      : [],
  )

/** Desktops and others that look at every file system hold it for a moment. */
const [busyMs, busyPauseMs] = [3000, 200]

async function unmountOne(mountPoint: string, system: FilesSystem): Promise<void> {
  const isMounted = async () => (await mountLines()).some(line => line.mountPoint === mountPoint)
  let cause: unknown
  for (let waited = 0; waited < busyMs && (await isMounted()); waited += busyPauseMs) {
    try {
      await system.run('umount', [mountPoint], { failureCode: 'files.busy', timeoutMs: 30_000 })
      return
    } catch (error) {
      cause = error
      await sleep(busyPauseMs)
    }
  }
  if (!(await isMounted())) return
  throw new HoldfastError('files.busy', `${mountPoint} is in use.`, {
    advice: 'Close the programs and terminals that use it, and try again.',
    details: { mountPoint },
    retryable: true,
    cause,
  })
}
