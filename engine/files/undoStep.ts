import { rm, rmdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '../contract/errors.ts'
import { nbdIsOurs } from './nbdOwner.ts'
import type { Step } from './steps.ts'
import { type FilesSystem, loopsOver, mountAt, withoutUdev } from './system.ts'

/** Somebody who only looks (udev, a desktop's indexer) is gone by then. */
const triesWhenBusy = 10
const pauseMs = 100

/**
 * Takes away what a step has made, if it is there and still ours; otherwise nothing happens, so it may be repeated. What
 * others hold open is detached at once for everybody who comes after, and goes when they let go.
 */
export async function undoStep(step: Step, system: FilesSystem): Promise<void> {
  switch (step.kind) {
    case 'folder':
      await rmdir(step.path).catch(() => undefined)
      return
    case 'file':
      await rm(step.path, { force: true }).catch(() => undefined)
      return
    case 'staging':
      await removeStaging(step.path, system)
      return
    case 'mount':
      if (await isOurMount(step)) await unmount(step.mountPoint, system)
      return
    case 'fuse':
      if ((await mountAt(step.mountPoint))?.fileSystem.startsWith('fuse')) await unmount(step.mountPoint, system)
      return
    case 'mapping':
      await removeMapping(step.name, system)
      return
    case 'loop':
      for (const { device, offset } of await loopsOver(step.file)) {
        // While it is in use, the kernel keeps it until its last user is gone.
        if (offset === step.offset) await tried(system, 'losetup', '--detach', device)
      }
      return
    case 'nbd':
      if (await nbdIsOurs(step)) await tried(system, 'nbd-client', '-d', step.device)
      return
  }
}

/**
 * By handles, and never through links. The cp of a process that was killed may go on for a moment, until it cannot read any more: what it
 * makes meanwhile is in the way of removing the folder.
 */
async function removeStaging(path: string, system: FilesSystem): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await system.run('rm', ['-rf', '--', path], { failureCode: 'files.busy' })
      return
    } catch (error) {
      if (attempt === triesWhenBusy) throw error
      await sleep(pauseMs)
    }
  }
}

/** Paths of devices of ours come from nobody else. */
async function isOurMount({ mountPoint, source }: Step & { kind: 'mount' }): Promise<boolean> {
  return (await mountAt(mountPoint))?.source === source
}

async function unmount(mountPoint: string, system: FilesSystem): Promise<void> {
  const isGone = async () => (await mountAt(mountPoint)) === undefined
  const [program, args, lazy] = system.isRoot
    ? (['umount', [mountPoint], '--lazy'] as const)
    : (['fusermount3', ['-u', mountPoint], '-z'] as const)
  for (let attempt = 0; attempt < triesWhenBusy; attempt++) {
    if ((await tried(system, program, ...args)) || (await isGone())) return
    await sleep(pauseMs)
  }
  await tried(system, program, lazy, ...args)
  if (await isGone()) return
  throw new HoldfastError('files.busy', `${mountPoint} cannot be unmounted.`, {
    advice: `Unmount it by hand: umount --lazy ${mountPoint}`,
    details: { mountPoint },
    retryable: true,
  })
}

async function removeMapping(name: string, system: FilesSystem): Promise<void> {
  const exists = () => tried(system, 'dmsetup', 'info', name)
  for (let attempt = 0; attempt < triesWhenBusy; attempt++) {
    if (!(await exists())) return
    // What cannot be read any more must not make its users wait for ever.
    if (await tried(system, 'dmsetup', 'remove', name)) return
    await sleep(pauseMs)
  }
  await tried(system, 'dmsetup', 'remove', '--deferred', name)
}

async function tried(system: FilesSystem, program: string, ...args: string[]): Promise<boolean> {
  try {
    await system.run(program, args, { failureCode: 'files.busy', timeoutMs: 30_000, env: withoutUdev })
    return true
  } catch {
    return false
  }
}
