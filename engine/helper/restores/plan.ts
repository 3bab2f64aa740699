import { basename } from 'node:path'
import type { DriveDevice } from '../../contract/drives.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import { type DiskPicture, type LibraryVersion, libraryVersionSchema } from '../../contract/library.ts'
import type { HandlerInput, HandlerOutput } from '../../contract/rpcContract.ts'
import { deviceById } from '../../drives/inventory.ts'
import { decideTableFit } from '../../pipeline/tableFit.ts'
import type { Peer } from '../../rpc/peer.ts'
import { checkTarget, type Refusal } from '../../targets/checks.ts'
import { gatherTargetFacts } from '../../targets/facts.ts'
import { planNewVolume, volumePath } from '../../targets/newVolumePlan.ts'
import { readVolumeGroups } from '../../targets/volumeGroups.ts'
import type { GrownPartition } from '../../versions/gptFit.ts'
import type { Erasure } from '../access/erasing.ts'
import type { Helper } from '../helper.ts'
import { withDestination } from '../openDestination.ts'
import { pictureOfVersion } from '../pictures.ts'
import { lastMountedOf, lookAtDevice, type PlannedDevice } from './deviceIdentity.ts'
import { checkNewFile, type FileOwner } from './newFile.ts'
import { lookAround, refusalOf, withHolders } from './targets.ts'

/** What a person has agreed to, as it was looked at then. */
export interface RestorePlan {
  destination: string
  version: LibraryVersion
  delta: boolean
  verify: boolean
  grow: boolean
  target:
    | ({ kind: 'device'; confirmation: string; isExternal: boolean } & PlannedDevice)
    | { kind: 'newFile'; path: string; owner: FileOwner }
    | { kind: 'newVolume'; path: string; group: string; name: string; thinPool: string | null }
}

type PlanInput = HandlerInput<HelperContract, 'restores.plan'>
type PlanAnswer = Omit<HandlerOutput<HelperContract, 'restores.plan'>, 'planId'>

/** Looks at a version and its target. Fails with the gravest reason not to. Writes nothing. */
export async function planRestore(
  helper: Helper,
  input: PlanInput,
  { peer, signal }: { peer: Peer; signal: AbortSignal },
): Promise<{ plan: RestorePlan; answer: PlanAnswer }> {
  const { delta, verify, grow } = input
  const destination = helper.destinations.resolve(input.destination)
  const from = { connector: helper.desk, engine: helper.engine }
  return await withDestination(from, destination, signal, async session => {
    const version = libraryVersionSchema.parse(helper.library.view(destination.id, await session.show(input.version)))
    const pictured = await pictureOfVersion(session, version.id, signal)
    const found = await lookAtTarget(helper, input.target, version, { peer, signal })
    const { target, shown, before, path, sizeBytes, sectorBytes } = found
    const { fit, warnings } = await session.read(
      version.id,
      read => decideTableFit(read, version.sizeBytes, { path, sizeBytes, sectorBytes }, grow),
      { signal },
    )
    return {
      plan: { destination: destination.id, version, delta, verify, grow, target },
      answer: {
        version,
        target: shown,
        before,
        after: stretched(pictured, sizeBytes, fit?.grown ?? null),
        warnings: [...warningsOf(version, sizeBytes), ...warnings],
      },
    }
  })
}

async function lookAtTarget(
  helper: Helper,
  wanted: PlanInput['target'],
  version: LibraryVersion,
  { peer, signal }: { peer: Peer; signal: AbortSignal },
) {
  if (wanted.kind === 'newFile') {
    const { path } = wanted
    const owner = ownerFor(helper, peer)
    const needed = version.sizeBytes - version.holeBytes
    const { freeBytes } = await checkNewFile({ path, owner, rules: helper.folderRules }, needed)
    const { repositoryPaths } = await lookAround(helper, signal)
    const facts = await gatherTargetFacts(path, { repositoryPaths })
    throwRefusal(checkTarget(facts, { versionSizeBytes: version.sizeBytes, force: false })[0], { path })
    const before: DiskPicture = { sizeBytes: 0, table: null, parts: [] }
    const target = { kind: 'newFile' as const, path, owner }
    const shown = { kind: 'newFile' as const, path, freeBytes }
    return { target, shown, before, path, sizeBytes: version.sizeBytes, sectorBytes: null }
  }
  if (wanted.kind === 'newVolume') return await lookAtNewVolume(wanted, version, signal)
  const around = await lookAround(helper, signal)
  const device = deviceById(around.inventory, wanted.device)
  if (device === undefined) {
    throw new HoldfastError('target.notFound', 'This disk is no longer connected.', {
      advice: 'Connect it, and choose it again.',
      details: { device: wanted.device },
    })
  }
  throwRefusal(await refusalOf(device, version.sizeBytes, around), { device: device.id })
  const { ends, picture, sectorBytes } = await lookAtDevice(device)
  const lost = []
  for (const part of withHolders(device, around.inventory)) {
    const { fileSystem, sizeBytes } = part
    if (fileSystem === null) continue
    lost.push({ label: fileSystem.label, type: fileSystem.type, sizeBytes, lastMounted: await lastMountedOf(part) })
  }
  const confirming = confirmationFor(device)
  const drives = device.drives.map(id => deviceById(around.inventory, id) ?? device)
  return {
    target: {
      kind: 'device' as const,
      confirmation: confirming.confirmation,
      isExternal: drives.length > 0 && drives.every(isExternal),
      device,
      ends,
    },
    shown: { kind: 'device' as const, device, ...confirming, lost },
    before: picture,
    path: device.path,
    sizeBytes: device.sizeBytes,
    sectorBytes,
  }
}

/** Sectors of volumes are those of their disks; 512 unless somebody mixes disks. */
const usualSectorBytes = 512

async function lookAtNewVolume(
  { group, name, thinPool }: Extract<PlanInput['target'], { kind: 'newVolume' }>,
  version: LibraryVersion,
  signal: AbortSignal,
) {
  const needs = { sizeBytes: version.sizeBytes, dataBytes: version.sizeBytes - version.holeBytes }
  const wish = { group, name, ...(thinPool !== null && { thinPool }) }
  const { sizeBytes, freeBytes } = planNewVolume(wish, await readVolumeGroups(signal), needs)
  const target = { kind: 'newVolume' as const, path: volumePath(wish), group, name, thinPool }
  const before: DiskPicture = { sizeBytes: 0, table: null, parts: [] }
  const shown = { ...target, sizeBytes, freeBytes }
  return { target, shown, before, path: target.path, sizeBytes, sectorBytes: usualSectorBytes }
}

function throwRefusal(
  refusal: Pick<Refusal, 'code' | 'message' | 'advice'> | undefined,
  details: Record<string, unknown>,
): void {
  if (refusal) throw new HoldfastError(refusal.code, refusal.message, { advice: refusal.advice, details })
}

/** What a person is to type, so that nobody erases a disk by clicking on. */
export function confirmationFor({ serial, path }: Pick<DriveDevice, 'serial' | 'path'>) {
  const last = (text: string) => [...text].slice(-4).join('').trim()
  const ofSerial = last(serial ?? '')
  return ofSerial === ''
    ? { confirmation: last(basename(path)), confirmationOf: 'name' as const }
    : { confirmation: ofSerial, confirmationOf: 'serial' as const }
}

/** usage.invalid when it is not what was to be typed. Small and capital letters are the same. */
export function requireConfirmation({ target }: RestorePlan, typed: string): void {
  const wanted = target.kind === 'device' ? target.confirmation : ''
  if (typed.trim().toLowerCase() === wanted.toLowerCase()) return
  throw new HoldfastError('usage.invalid', 'That is not what was to be typed to confirm this restore.', {
    advice: 'Compare it with the serial number on the disk. Nothing was written.',
  })
}

/** What is asked for, in the words of the question that a person gets. */
export function erasureOf({ target, version }: RestorePlan): Extract<Erasure, { kind: 'disk' }> | undefined {
  if (target.kind !== 'device') return undefined
  const { device, isExternal: removable } = target
  const { model, path, serial } = device
  return { kind: 'disk', removable, device: model ?? path, serial: serial ?? '', version: versionText(version) }
}

export const versionText = ({ name, date, id }: { name: string; date: string; id: string }): string =>
  `${name} of ${date.slice(0, 16).replace('T', ' ')} UTC (${id})`

/** For people. */
export function targetText({ target }: RestorePlan): string {
  if (target.kind !== 'device') return target.path
  const { path, model, serial } = target.device
  const known = [model, serial === null ? null : `serial number ${serial}`].filter(text => text !== null)
  return known.length === 0 ? path : `${path} (${known.join(', ')})`
}

/** Only what certainly is: bays for built-in disks count as hot-plugged, too. */
const isExternal = ({ removable, transport, isSystem }: DriveDevice) =>
  !isSystem && (removable || ['usb', 'mmc', 'ieee1394'].includes(transport ?? ''))

/** The system's helper serves many; a user's own serves itself, and so does one that was started by whoever asks. */
export const ownerFor = ({ mode }: Helper, { process }: Peer): FileOwner =>
  mode === 'system' && process ? { uid: process.uid, gid: process.gid } : null

/** A picture on a disk that is larger, where a partition may have grown. */
function stretched(picture: DiskPicture, sizeBytes: number, grown: GrownPartition | null): DiskPicture {
  if (sizeBytes <= picture.sizeBytes) return picture
  const last = picture.parts.at(-1)
  const kept = last?.kind === 'free' ? picture.parts.slice(0, -1) : picture.parts
  const parts = kept.map(part => (part.offset === grown?.offset ? { ...part, length: grown.length } : part))
  const unused = last?.kind === 'free' ? last.offset : picture.sizeBytes
  const offset = grown ? grown.offset + grown.length : unused
  if (offset >= sizeBytes) return { ...picture, sizeBytes, parts }
  const nothing = { type: null, label: null, mountPoints: [], usedBytes: null }
  return { ...picture, sizeBytes, parts: [...parts, { offset, length: sizeBytes - offset, kind: 'free', ...nothing }] }
}

function warningsOf(version: LibraryVersion, sizeBytes: number): string[] {
  const warnings: string[] = []
  if (version.status === 'damaged') {
    warnings.push('Parts of this version are damaged. The rest is restored, and what is missing is listed.')
  }
  if (version.status === 'incomplete') warnings.push('This version is incomplete: its backup did not reach the end.')
  if (version.unreadable.length > 0) {
    warnings.push('Parts of the source could not be read when this version was made; they are zeros in it.')
  }
  if (sizeBytes > version.sizeBytes) {
    warnings.push('The target is larger than the version; what is behind it stays unused at first.')
  }
  return warnings
}
