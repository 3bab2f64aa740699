import { constants } from 'node:fs'
import { access as probe } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isClaimed } from '../base/linux/deviceFacts.ts'
import { readSystem, type SystemAccess, systemAccess } from '../base/linux/system.ts'
import { contentOf, devicePath, devicesOf } from '../base/linux/systemGraph.ts'
import type { PathIdentity, System } from '../base/linux/systemRecord.ts'
import type { Holder, MountOnTarget, TargetFacts } from './checks.ts'

export interface TargetContext {
  /** What is being read at this moment, if anything is: never the place that a version once came from. */
  sourcePath?: string
  /** The same, when several are. */
  sourcePaths?: readonly string[]
  /** Folders of local repositories that must survive. */
  repositoryPaths?: readonly string[]
}

/** Where the facts come from; tests bring their own. */
export interface TargetProbe {
  access: SystemAccess
  /** Whether somebody holds a block device exclusively. */
  isClaimed(path: string): Promise<boolean>
  /** The errno of trying to be allowed to write to an existing path; undefined when it is allowed. */
  refusesWrites(path: string): Promise<string | undefined>
}

export const systemProbe: TargetProbe = {
  access: systemAccess,
  isClaimed,
  async refusesWrites(path) {
    try {
      await probe(path, constants.W_OK)
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  },
}

/** Mount points without which the running system does not live. */
const systemMountPoints = new Set(['/', '/boot', '/boot/efi', '/efi', '/usr', '/var'])

/**
 * Looks at what `path` names and at everything that uses it, for checkTarget. Changes nothing. The facts hold for this
 * moment; opening the target exclusively guards the time after it.
 */
export async function gatherTargetFacts(
  path: string,
  context: TargetContext = {},
  probe: TargetProbe = systemProbe,
): Promise<TargetFacts> {
  const { access } = probe
  const identity = await access.identify(path)
  const system = await readSystem(access)
  const folder = identity === undefined ? await access.identify(dirname(resolve(path))) : undefined
  const content = identity === undefined ? new Set<string>() : contentOf(system, identity)
  const device = system.devices.find(({ id }) => identity?.kind === 'device' && id === identity.deviceId)
  return {
    path,
    kind: identity === undefined ? 'missing' : identity.kind === 'folder' ? 'other' : identity.kind,
    folderExists: identity !== undefined || folder?.kind === 'folder',
    sizeBytes: device?.sizeBytes ?? identity?.sizeBytes ?? 0,
    deviceId: identity?.kind === 'device' ? identity.deviceId : undefined,
    readOnly: device?.readOnly ? 'device' : await writeRefusal(identity ?? folder, probe),
    mounts: mountsIn(system, content, device?.name),
    swaps: swapsIn(system, content, identity),
    holders: holdersIn(system, content, device?.name),
    claimed: identity?.kind === 'device' && (await probe.isClaimed(identity.realPath)),
    systemUses: systemUsesIn(system, content, identity),
    repositories: await repositoriesIn(system, content, path, context.repositoryPaths ?? [], access),
    isSource: await isAnySource(
      system,
      content,
      identity,
      [context.sourcePath, ...(context.sourcePaths ?? [])],
      access,
    ),
  }
}

async function writeRefusal(identity: PathIdentity | undefined, probe: TargetProbe): Promise<TargetFacts['readOnly']> {
  if (identity === undefined) return undefined
  const errno = await probe.refusesWrites(identity.realPath)
  if (errno === undefined) return undefined
  return errno === 'EROFS' ? 'file system' : 'permission'
}

const meets = (names: readonly string[], content: ReadonlySet<string>) => names.some(name => content.has(name))

/** Mounts of the content, each point once. */
function mountsIn(system: System, content: ReadonlySet<string>, ownName: string | undefined): MountOnTarget[] {
  const found = new Map<string, MountOnTarget>()
  for (const { devices, mountPoint: point } of system.mounts) {
    const name = devices.find(one => content.has(one))
    if (name === undefined || found.has(point)) continue
    const device = system.devices.find(one => one.name === name)
    const isItself = ownName === undefined || devices.includes(ownName) || device === undefined
    found.set(point, isItself ? { point } : { point, part: devicePath(device) })
  }
  return [...found.values()]
}

const sameFile = (a: PathIdentity | undefined, b: PathIdentity | undefined) =>
  a !== undefined && b !== undefined && a.fileSystemId === b.fileSystemId && a.inode === b.inode

const isSwapItself = (
  swap: System['swaps'][number],
  content: ReadonlySet<string>,
  identity: PathIdentity | undefined,
) => (swap.identity?.kind === 'device' ? meets(swap.devices, content) : sameFile(swap.identity, identity))

/** Swap areas that would be written over: swap devices in the content, or the file that is swap. */
function swapsIn(system: System, content: ReadonlySet<string>, identity: PathIdentity | undefined): string[] {
  return system.swaps.filter(swap => isSwapItself(swap, content, identity)).map(swap => swap.path)
}

/** Devices that lie on the target, apart from its partitions, which may be written over with it. */
function holdersIn(system: System, content: ReadonlySet<string>, ownName: string | undefined): Holder[] {
  return system.devices
    .filter(({ name, kind }) => content.has(name) && name !== ownName && kind !== 'partition')
    .map(device => ({ kind: device.kind, path: devicePath(device) }))
}

function systemUsesIn(system: System, content: ReadonlySet<string>, identity: PathIdentity | undefined): string[] {
  const points = mountsIn(system, content, undefined).map(mount => mount.point)
  const uses = points.filter(point => systemMountPoints.has(point))
  // A swap file makes the disk under it part of the system too.
  const swaps = system.swaps.some(swap => isSwapItself(swap, content, identity) || meets(swap.devices, content))
  return swaps ? [...uses, 'swap'] : uses
}

/** Repositories whose file system lies on the target, or in whose folder the target lies. */
async function repositoriesIn(
  system: System,
  content: ReadonlySet<string>,
  path: string,
  repositoryPaths: readonly string[],
  access: SystemAccess,
): Promise<string[]> {
  const target = await realPathOf(path, access)
  const found: string[] = []
  for (const repository of repositoryPaths) {
    const identity = await access.identify(repository)
    if (identity === undefined) continue
    const inside = target === identity.realPath || target.startsWith(join(identity.realPath, '/'))
    if (inside || meets(devicesOf(system, identity), content)) found.push(repository)
  }
  return found
}

/** The path without symbolic links, also when its last part does not exist yet. */
async function realPathOf(path: string, access: SystemAccess): Promise<string> {
  const absolute = resolve(path)
  const whole = await access.identify(absolute)
  if (whole !== undefined) return whole.realPath
  const folder = await access.identify(dirname(absolute))
  return join(folder?.realPath ?? dirname(absolute), basename(absolute))
}

async function isAnySource(
  system: System,
  content: ReadonlySet<string>,
  target: PathIdentity | undefined,
  sourcePaths: readonly (string | undefined)[],
  access: SystemAccess,
): Promise<boolean> {
  for (const path of sourcePaths) if (await isSource(system, content, target, path, access)) return true
  return false
}

async function isSource(
  system: System,
  content: ReadonlySet<string>,
  target: PathIdentity | undefined,
  sourcePath: string | undefined,
  access: SystemAccess,
): Promise<boolean> {
  const source = sourcePath === undefined ? undefined : await access.identify(sourcePath)
  if (source === undefined || target === undefined) return false
  // Two nodes can name one device, so devices are compared by number, not by inode.
  if (target.kind === 'device' && target.deviceId === source.deviceId) return true
  if (target.kind === 'file' && sameFile(target, source)) return true
  // The source (or the file system with the source's file) lies on the target; or the target lies on the source.
  if (meets(devicesOf(system, source), content)) return true
  return target.kind === 'device' && meets(devicesOf(system, target), contentOf(system, source))
}
