import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { Run, RunOutcome } from '../../../../engine/contract/jobs.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { contentText } from '../../components/DiskMap.tsx'
import type { Formats } from '../../i18n/format.ts'
import type { Say } from '../../i18n/language.ts'
import type { Output } from '../../state/calls.ts'
import { deviceTitle } from '../../state/diskTree.ts'

/** What is said about restores. Pure. */

export type Plan = Output<'restores.plan'>
export type DeviceTarget = Extract<Plan['target'], { kind: 'device' }>
export type TargetGroup = Output<'restores.targets'>['groups'][number]
export type Target = Output<'restores.targets'>['targets'][number]
export type RestoreOutcome = Extract<RunOutcome, { kind: 'restore' }>

/** The last four signs, as on a label: '…4F2A'. */
export const endOf = (serial: string): string => [...serial].slice(-4).join('')

const transports: Readonly<Record<string, string>> = { usb: 'USB', nvme: 'NVMe', sata: 'SATA', mmc: 'MMC', ata: 'ATA' }

/** "WD Black SN770, 1 TB, serial …4F2A, connected by USB" */
export function deviceText(t: Say, format: Formats, device: DriveDevice): string {
  const { serial, transport } = device
  return [
    deviceTitle(device),
    format.bytes(device.sizeBytes),
    ...(serial === null ? [] : [t('restore.target.serial', { serial: endOf(serial) })]),
    ...(transport === null ? [] : [t('restore.target.connectedBy', { transport: transports[transport] ?? transport })]),
  ].join(', ')
}

/** What a plan writes to: a disk with what is known of it, the path of a file, group and name of a volume. */
export function targetTitle(t: Say, format: Formats, target: Plan['target']): string {
  if (target.kind === 'device') return deviceText(t, format, target.device)
  return target.kind === 'newVolume' ? `${target.group}/${target.name}` : target.path
}

/** "Photos (ext4, 4 TB), EFI (vfat, 537 MB)" */
export const lostTexts = (t: Say, format: Formats, lost: DeviceTarget['lost']): string[] =>
  lost.map(({ label, type, sizeBytes }) =>
    t('restore.lost.part', {
      name: label ?? t('restore.lost.unnamed'),
      type,
      size: format.bytes(sizeBytes),
    }),
  )

/** What lies on a device, directly or deeper, in words; one thing once. */
export function holdingsText(
  t: Say,
  format: Formats,
  device: DriveDevice,
  byId: ReadonlyMap<string, DriveDevice>,
): string {
  const names: string[] = []
  const seen = new Set<string>()
  const visit = (one: DriveDevice) => {
    if (seen.has(one.id)) return
    seen.add(one.id)
    if (one.fileSystem) names.push(one.fileSystem.label ?? contentText(t, one))
    for (const id of one.holders) {
      const holder = byId.get(id)
      if (holder) visit(holder)
    }
  }
  visit(device)
  if (names.length === 0) return t('restore.target.empty')
  return t('restore.target.holds', { content: format.list([...new Set(names)]) })
}

/** Those that can be written and those that cannot, each with whole disks first. Empty card readers and parts of volumes are none. */
export function sortedTargets(targets: readonly Target[]): { usable: Target[]; refused: Target[] } {
  const present = targets
    .filter(({ device }) => device.sizeBytes > 0 && !device.isInternal)
    .toSorted((a, b) => rank(a) - rank(b) || a.device.path.localeCompare(b.device.path, 'en', { numeric: true }))
  return {
    usable: present.filter(({ refusal }) => refusal === null),
    refused: present.filter(({ refusal }) => refusal !== null),
  }
}

const rank = ({ device }: Target): number => (device.kind === 'disk' ? 0 : 1)

/** A name for an image file: 'root-2026-11-26.img'. Holds nothing that file systems or shells mind. */
export function imageName({ name, date }: Pick<LibraryVersion, 'name' | 'date'>): string {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|-+$/g, '')
  return `${plain === '' ? 'version' : plain}-${date.slice(0, 10)}.img`
}

/** A name for a volume: 'root-2026-11-26'. */
export const volumeName = (version: Pick<LibraryVersion, 'name' | 'date'>): string =>
  imageName(version)
    .replace(/\.img$/, '')
    .replace(/^[-.]+/, '')
    .slice(0, 100)

/** What LVM takes as a name (lvm(8), "Valid names"); more is checked by LVM itself. */
export const isVolumeName = (text: string): boolean =>
  /^(?![-.])[a-zA-Z0-9+_.-]{1,127}$/.test(text) &&
  !/^(snapshot|pvmove)|_(mlog|mimage|rimage|tdata|tmeta|cdata|cmeta)/.test(text)

export const joinPath = (folder: string, name: string): string => `${folder.replace(/\/+$/, '')}/${name}`
export const isFolder = (text: string): boolean => text.startsWith('/') && !text.includes('\0')
export const isFileName = (text: string): boolean => text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text)

/** The restore of a run; null when it is of another kind. */
export const outcomeOf = (run: Run): RestoreOutcome | null => (run.outcome?.kind === 'restore' ? run.outcome : null)

/** A target as it stands in an outcome: a device comes as its path, with what it is in brackets. */
export const isDeviceTarget = (target: string): boolean => target.startsWith('/dev/')

/** Words of a recovery phrase that is being typed. */
export const wordsIn = (text: string): string[] => text.trim().split(/\s+/).filter(Boolean)

/** Why a secret does not open a backup: what to say, and what to do. Undefined for errors of another kind. */
export function secretTrouble(
  t: Say,
  error: WireError,
  kind: 'passphrase' | 'recoveryPhrase',
): { title: string; text: string } | undefined {
  if (error.code !== 'repository.wrongKey') return undefined
  if (kind === 'passphrase') {
    return { title: t('restore.secret.wrongPassphrase'), text: t('restore.secret.wrongPassphraseText') }
  }
  const { word, number, words } = error.details ?? {}
  if (typeof word === 'string' && typeof number === 'number') {
    return { title: t('restore.secret.wrongWord', { number, word }), text: t('restore.secret.wrongWordText') }
  }
  if (typeof words === 'number') {
    return { title: t('restore.secret.wrongCount', { count: words }), text: t('restore.secret.wrongCountText') }
  }
  return { title: t('restore.secret.wrongOrder'), text: t('restore.secret.wrongOrderText') }
}

export const restorePhases = ['prepare', 'write', 'verify'] as const
export type RestorePhase = (typeof restorePhases)[number]

/** Which of its steps a restore is at. */
export function phaseOf(phase: string | null): RestorePhase {
  if (phase === 'restoring') return 'write'
  return phase === 'verifying' ? 'verify' : 'prepare'
}

/** A name for a destination that none has yet: with a number behind it where it is taken. At most 100 signs. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const name = wanted.slice(0, 95).trim()
  if (!taken.includes(name)) return name
  for (let number = 2; ; number++) if (!taken.includes(`${name} ${number}`)) return `${name} ${number}`
}
