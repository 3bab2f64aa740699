import { backupWays } from '../../../../engine/contract/backupWays.ts'
import type { DriveDevice, DriveInventory } from '../../../../engine/contract/drives.ts'
import type { JobSettingsInput } from '../../../../engine/contract/jobs.ts'
import type { Weekday } from '../../../../engine/contract/schedule.ts'
import type { Input, Output } from '../../state/calls.ts'
import {
  ancestry,
  deviceTitle,
  drawDisks,
  isAttachedImage,
  isContainer,
  isSwap,
  leavesOf,
} from '../../state/diskTree.ts'
import { policyOfLevel } from '../settings/retentionLevels.ts'

/** What the wizard has been told so far, and what follows from it. Pure. */

export const steps = ['what', 'where', 'key', 'when', 'review'] as const
export type Step = (typeof steps)[number]

export type DiskChoice = 'whole' | 'parts' | 'none'
export interface ImageFile {
  source: string
  path: string
  sizeBytes: number
  allocatedBytes: number
}

/** On this computer or a drive at it. */
export type LocalPlace = Input<'places.look'>['place']
export type PlaceChoice = Input<'destinations.create'>['place']
export type PlaceFacts = Output<'places.look'>

export interface ChosenDestination {
  id: string
  name: string
  freeBytes: number | null
  /** Is on a drive that comes and goes. */
  isDrive: boolean
}

/** A destination that this wizard has made, with the phrase that is told only once. */
export interface Made {
  destination: ChosenDestination
  phrase: string
  isSheetChecked: boolean
}

export type Rhythm = 'dailyDrive' | 'daily' | 'hourly' | 'weekly' | 'manual'
export type Keep = 'some' | 'many' | 'all'

export interface Draft {
  /** By disk; null until the disks are known. */
  disks: Readonly<Record<string, DiskChoice>> | null
  /** Devices that are chosen of disks whose choice is 'parts'. */
  parts: readonly string[]
  /** Devices of which somebody has agreed that they are read while they are in use. */
  readInUse: readonly string[]
  files: readonly ImageFile[]
  place: PlaceChoice | null
  facts: PlaceFacts | null
  /** Once it is there: made, opened, or known from before. */
  destination: ChosenDestination | null
  /** Others that the job stores at, too; they are there already. */
  others: readonly ChosenDestination[]
  rhythm: Rhythm
  time: string
  weekday: Weekday
  waitOnBattery: boolean
  waitOnMetered: boolean
  keep: Keep
  name: string
}

export const emptyDraft: Draft = {
  disks: null,
  parts: [],
  readInUse: [],
  files: [],
  place: null,
  facts: null,
  destination: null,
  others: [],
  rhythm: 'dailyDrive',
  time: '20:00',
  weekday: 'sun',
  waitOnBattery: true,
  waitOnMetered: true,
  keep: 'some',
  name: '',
}

/** What can be chosen of a disk one by one: what has a file system of its own, or nothing that is known. */
export const partsOf = (disk: DriveDevice, inventory: DriveInventory): DriveDevice[] => {
  const drawing = drawDisks(inventory).find(one => one.disk.id === disk.id)
  const wayOf = backupWays(inventory)
  return drawing ? leavesOf(drawing.areas).filter(device => wayOf(device).way !== 'not') : []
}

/** Holds encryption or volumes: as a whole it would be read as it lies, and restored only as a whole. */
export const isLayered = (disk: DriveDevice, { devices }: DriveInventory): boolean =>
  devices.some(device => device.drives.includes(disk.id) && isContainer(device))

export const isEncrypted = (disk: DriveDevice, { devices }: DriveInventory): boolean =>
  devices.some(device => device.drives.includes(disk.id) && device.fileSystem?.type === 'crypto_LUKS')

const isBuiltIn = (disk: DriveDevice): boolean => !disk.hotplug && !disk.removable && !isAttachedImage(disk)

/**
 * The whole computer: each disk that is built in. Plain disks as a whole; of those with encryption or volumes every part, for
 * these take only the room that their files take, and no snapshots that somebody made. Drives that come and go are for keeping backups, and attached images are in the
 * backup of the disk with their file.
 */
export function preselect(inventory: DriveInventory): Pick<Draft, 'disks' | 'parts'> {
  const disks = drawDisks(inventory).map(({ disk }) => disk)
  const choices = disks.map((disk): [string, DiskChoice] => {
    if (!isBuiltIn(disk)) return [disk.id, 'none']
    if (!isLayered(disk, inventory)) return [disk.id, 'whole']
    // One that only is a part of something else has none.
    return [disk.id, partsOf(disk, inventory).length > 0 ? 'parts' : 'none']
  })
  const parts = disks
    .filter(isBuiltIn)
    .flatMap(disk => partsOf(disk, inventory))
    .map(({ id }) => id)
    .filter(id => !inventory.lvm?.volumes.some(({ device, origin }) => device === id && origin !== null))
  return { disks: Object.fromEntries(choices), parts }
}

/** Devices that are to be sources, in the order of the map. */
export function chosenDevices(draft: Draft, inventory: DriveInventory): DriveDevice[] {
  return drawDisks(inventory).flatMap(({ disk }) => {
    const choice = draft.disks?.[disk.id] ?? 'none'
    if (choice === 'whole') return [disk]
    if (choice === 'none') return []
    return partsOf(disk, inventory).filter(({ id }) => draft.parts.includes(id))
  })
}

/** Tells whether a device is in what is chosen. */
export function coverage(draft: Draft, inventory: DriveInventory): (device: DriveDevice) => boolean {
  const chosen = new Set(chosenDevices(draft, inventory).map(({ id }) => id))
  const byId = new Map(inventory.devices.map(device => [device.id, device]))
  return device => ancestry(device, byId).some(({ id }) => chosen.has(id))
}

/** What is chosen and can only be read while it is in use. */
export function chosenInUse(draft: Draft, inventory: DriveInventory): DriveDevice[] {
  const wayOf = backupWays(inventory)
  return chosenDevices(draft, inventory).filter(device => wayOf(device).way === 'in-use')
}

type UsedOf = (device: DriveDevice) => number | undefined

/** Bytes that a first backup has to read of a device: what its file systems hold, where that is known, else all of it. */
export function bytesToRead(device: DriveDevice, devices: readonly DriveDevice[], usedOf: UsedOf): number {
  const own = usedOf(device)
  if (own !== undefined) return own
  if (isContainer(device) && device.fileSystem?.type === 'crypto_LUKS') return device.sizeBytes
  const held = device.holders
    .map(id => devices.find(one => one.id === id))
    .filter(one => one !== undefined)
    .filter(one => one.kind !== 'loop')
  if (held.length === 0) return device.fileSystem === null && device.kind === 'disk' ? 0 : device.sizeBytes
  const sum = held.reduce((bytes, holder) => bytes + (isSwap(holder) ? 0 : bytesToRead(holder, devices, usedOf)), 0)
  return Math.min(sum, device.sizeBytes)
}

export function draftBytes(draft: Draft, inventory: DriveInventory, usedOf: UsedOf) {
  const chosen = chosenDevices(draft, inventory)
  const filesSize = draft.files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const filesUsed = draft.files.reduce((sum, file) => sum + file.allocatedBytes, 0)
  return {
    count: chosen.length + draft.files.length,
    sizeBytes: chosen.reduce((sum, device) => sum + device.sizeBytes, filesSize),
    readBytes: chosen.reduce((sum, device) => sum + bytesToRead(device, inventory.devices, usedOf), filesUsed),
  }
}

/** Slow and fast drives, bytes per second. */
const speeds = { slow: 60_000_000, fast: 250_000_000 }

/** Between which times a first backup takes, in milliseconds. */
export const estimateMs = (readBytes: number): { from: number; to: number } => {
  const inMinutes = (rate: number) => Math.max(1, Math.ceil(readBytes / rate / 60)) * 60_000
  const calm = (ms: number) => (ms > 7_200_000 ? Math.ceil(ms / 3_600_000) * 3_600_000 : ms)
  return { from: calm(inMinutes(speeds.fast)), to: calm(inMinutes(speeds.slow)) }
}

/** Why a drive cannot keep the backup of that draft; null when it can. */
export type PlaceRefusal = 'isSource' | 'isSystem' | 'noFileSystem' | 'readOnly'

/** File systems that could keep a backup, with what speaks against them. */
export function placesOn(
  draft: Draft,
  inventory: DriveInventory,
): { device: DriveDevice; refusal: PlaceRefusal | null }[] {
  const chosen = chosenDevices(draft, inventory)
  const sourceDrives = new Set(chosen.flatMap(({ drives }) => drives))
  return drawDisks(inventory)
    .filter(({ disk }) => disk.hotplug || disk.removable || !disk.isSystem)
    .flatMap(({ disk, areas }) => {
      const leaves = areas.length === 0 ? [disk] : leavesOf(areas)
      return leaves
        .filter(device => !isSwap(device) && !(device.fileSystem?.type === 'vfat' && device.sizeBytes < 2e9))
        .map(device => ({ device, refusal: refusalOf(device, sourceDrives) }))
    })
}

function refusalOf(device: DriveDevice, sourceDrives: ReadonlySet<string>): PlaceRefusal | null {
  if (device.drives.some(id => sourceDrives.has(id))) return 'isSource'
  if (device.isSystem) return 'isSystem'
  if (device.fileSystem === null || isContainer(device)) return 'noFileSystem'
  return device.readOnly ? 'readOnly' : null
}

/** Names of the versions: made of what people call the sources, of signs that names may have, none of them twice. */
export function versionNames(titles: readonly string[], taken: readonly string[]): string[] {
  const used = new Set(taken)
  return titles.map(title => {
    const base =
      title
        .normalize('NFKD')
        .replace(/\p{M}/gu, '')
        .replaceAll('ß', 'ss')
        .replace(/[^-a-zA-Z0-9_.]+/g, '-')
        .replace(/^[-.]+|[-.]+$/g, '')
        .slice(0, 60)
        .replace(/-+$/, '') || 'source'
    let name = base
    for (let n = 2; used.has(name); n++) name = `${base}-${n}`
    used.add(name)
    return name
  })
}

const fileTitle = (path: string): string =>
  path
    .split('/')
    .at(-1)
    ?.replace(/\.(img|raw|qcow2)$/, '') ?? path

/** What is to be asked for: sources with their names. */
export function chosenSources(
  draft: Draft,
  inventory: DriveInventory,
  taken: readonly string[],
): Input<'jobs.create'>['settings']['sources'] {
  const chosen = chosenDevices(draft, inventory)
  const titles = [...chosen.map(deviceTitle), ...draft.files.map(({ path }) => fileTitle(path))]
  const names = versionNames(titles, taken)
  return [...chosen.map(({ id }) => id), ...draft.files.map(({ source }) => source)].map((source, i) => ({
    source,
    name: names[i]!,
  }))
}

export function scheduleOf(draft: Draft): JobSettingsInput['schedule'] {
  const { time } = draft
  switch (draft.rhythm) {
    case 'dailyDrive':
      return { rules: [{ kind: 'daily', time }, { kind: 'drive' }] }
    case 'daily':
      return { rules: [{ kind: 'daily', time }] }
    case 'hourly':
      return { rules: [{ kind: 'hourly' }] }
    case 'weekly':
      return { rules: [{ kind: 'weekly', weekdays: [draft.weekday], time }] }
    case 'manual':
      return null
  }
}

/** Everything of the job but its sources' names, which depend on what is there already. */
export function jobOf(
  draft: Draft,
  inventory: DriveInventory,
  taken: readonly string[],
  destinations: readonly string[],
): Input<'jobs.create'>['settings'] {
  return {
    name: draft.name.trim(),
    sources: chosenSources(draft, inventory, taken),
    destinations: [...destinations],
    schedule: scheduleOf(draft),
    retention: policyOfLevel[draft.keep],
    // Agreed to in the first step; without that it does not go on.
    whileInUse: chosenInUse(draft, inventory).some(({ id }) => draft.readInUse.includes(id)),
    conditions: {
      onBattery: draft.waitOnBattery ? 'wait' : 'run',
      metered: draft.waitOnMetered ? 'wait' : 'run',
    },
  }
}

/** All destinations of the job, each once, in the order in which they were chosen. */
export function chosenDestinations({
  others,
  destination,
}: Pick<Draft, 'others' | 'destination'>): ChosenDestination[] {
  const last = destination === null || others.some(({ id }) => id === destination.id) ? [] : [destination]
  return [...others, ...last]
}

/** What the draft is when one more place is to be chosen. */
export const forAnother = (draft: Draft): Partial<Draft> => ({
  others: chosenDestinations(draft),
  ...{ destination: null, place: null, facts: null },
})

/** And when no other is wanted after all: the last one that was chosen counts again. */
export const withoutAnother = ({ others }: Draft): Partial<Draft> => ({
  others: others.slice(0, -1),
  destination: others.at(-1) ?? null,
  ...{ place: null, facts: null },
})

/** A name that nothing has yet: 'This computer', then 'This computer 2'. */
export function freeName(wanted: string, taken: readonly string[]): string {
  let name = wanted
  for (let n = 2; taken.includes(name); n++) name = `${wanted} ${n}`
  return name
}

/** Two places of a phrase of 24 words to ask for, ascending; `random` gives numbers from 0 to 1. */
export function wordsToAsk(random: () => number, count = 24): [number, number] {
  const first = Math.floor(random() * (count - 1))
  const second = first + 1 + Math.floor(random() * (count - 1 - first))
  return [first, second]
}
