import { formatBytes } from '../base/bytes.ts'
import type { HowBackedUp } from '../contract/backupWays.ts'
import { deviceTree, type TreeNode } from '../contract/deviceTree.ts'
import type { DriveDevice, DriveInventory, LogicalVolume, VolumeGroup } from '../contract/drives.ts'
import { wayWords } from './backupWayWords.ts'
import { table } from './textLayout.ts'

/** The devices of a computer as a tree in a table, made to fit `width`. Pure. */
export function deviceTreeText(
  inventory: DriveInventory,
  wayOf: (device: DriveDevice) => HowBackedUp,
  usedOf: (device: DriveDevice) => number | null,
  width: number | undefined,
): string {
  const rows = deviceTree(inventory).flatMap(root => rowsOf(root, '', ''))
  const columns = [
    { title: 'DEVICE', shrink: 'cut' as const },
    { title: 'SIZE', align: 'right' as const },
    { title: 'USED', align: 'right' as const },
    { title: 'HOLDS', shrink: 'cut' as const },
    { title: 'MOUNTED AT', shrink: 'cut' as const },
    { title: 'BACKED UP', shrink: 'wrap' as const },
  ]
  const cells = rows.map(({ lead, node }) => {
    const device = node.kind === 'device' ? node.device : null
    const used = device && usedOf(device)
    return [
      `${lead}${nameOf(node)}`,
      formatBytes(node.sizeBytes),
      used === null ? fullness(node) : formatBytes(used),
      holdsOf(node),
      device?.mountPoints.join(', ') ?? '',
      device ? wayWords(wayOf(device)) : wordsWithoutDevice(node),
    ]
  })
  return table(columns, cells, width)
}

interface Row {
  node: TreeNode
  /** The lines that lead to it. */
  lead: string
}

function rowsOf(node: TreeNode, lead: string, below: string): Row[] {
  const last = node.inside.length - 1
  return [
    { node, lead },
    ...node.inside.flatMap((inner, i) =>
      rowsOf(inner, `${below}${i === last ? '└─' : '├─'}`, `${below}${i === last ? '  ' : '│ '}`),
    ),
  ]
}

function nameOf(node: TreeNode): string {
  if (node.kind === 'group') return node.group.name
  if (node.kind !== 'device') return node.volume.name
  const name = node.volume?.name ?? node.device.path.replace(/^\/dev\/(mapper\/)?/, '')
  return node.device.kind === 'lvm' && node.volume === null ? volumePath(name) : name
}

/** 'vg/lv' of what the device mapper calls a volume: a dash of a name is doubled there, the one between the names is not. */
const volumePath = (mapped: string): string => mapped.replace(/([^-])-([^-])/, '$1/$2').replaceAll('--', '-')

const percent = (value: number | null): string => (value === null ? '' : `${Math.round(value)} %`)

const fullness = (node: TreeNode): string => (node.kind === 'pool' ? percent(node.volume.dataPercent) : '')

function holdsOf(node: TreeNode): string {
  if (node.kind === 'group') return groupWords(node.group)
  if (node.kind !== 'device') return volumeWords(node.volume)
  const { device, volume } = node
  const { vendor, model, serial, transport, fileSystem } = device
  const isWhole = device.drives.includes(device.id) && device.kind !== 'loop'
  const words = [
    ...(isWhole
      ? [[vendor !== null && !model?.startsWith(vendor) ? vendor : null, model].filter(Boolean).join(' ')]
      : []),
    ...(isWhole && serial !== null ? [`serial ${serial}`] : []),
    ...(isWhole && transport !== null ? [transport] : []),
    ...(device.raidLevel === null ? [] : [device.raidLevel]),
    ...(fileSystem === null ? [] : [contentWords[fileSystem.type] ?? fileSystem.type]),
    ...(fileSystem?.label ? [`“${fileSystem.label}”`] : []),
    ...(volume && volume.kind !== 'plain' && volume.kind !== 'thin' ? [volumeWords(volume)] : []),
    ...(device.readOnly && volume?.kind === undefined ? ['read-only'] : []),
  ]
  return words.filter(word => word !== '').join(', ')
}

const contentWords: Partial<Record<string, string>> = {
  crypto_LUKS: 'LUKS',
  LVM2_member: 'LVM',
  linux_raid_member: 'part of an array',
}

const problemWords: Record<VolumeGroup['problems'][number], string> = {
  'missing-disks': 'a disk is missing',
  'duplicate-name': 'another group has its name',
  'duplicate-disks': 'a disk is there twice',
  exported: 'exported',
}

const groupWords = ({ freeBytes, problems }: VolumeGroup): string =>
  ['volume group', `${formatBytes(freeBytes)} free`, ...problems.map(problem => problemWords[problem])].join(', ')

function volumeWords({ kind, segmentType, isOurs, problem }: LogicalVolume): string {
  const what: Record<LogicalVolume['kind'], string> = {
    plain: '',
    thin: 'thin volume',
    'thin-pool': 'thin pool',
    'thin-snapshot': isOurs ? 'snapshot of Holdfast' : 'thin snapshot',
    snapshot: isOurs ? 'snapshot of Holdfast' : 'snapshot',
    other: segmentType,
  }
  const trouble = { 'pool-full': 'full', invalid: 'invalid', unwell: 'unwell' } as const
  return [what[kind], ...(problem === null ? [] : [trouble[problem]])].filter(word => word !== '').join(', ')
}

function wordsWithoutDevice(node: TreeNode): string {
  if (node.kind === 'group' || node.kind === 'pool') return 'by its volumes'
  if (node.kind === 'volume' && !node.volume.isOurs) return 'not while inactive'
  return ''
}
