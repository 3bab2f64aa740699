import { formatBytes } from '../base/bytes.ts'
import type { MachineRecipe, RecipeDisk, RecipeGroup, ShownRecipe } from '../contract/recipe.ts'
import { dosTypeName } from '../versions/dosTable.ts'
import { gptTypeName } from '../versions/gptTable.ts'
import { facts, printable, table } from './textLayout.ts'
import { counted } from './words.ts'

/** The machine recipe of a version, for people. Pure. `width` is that of the terminal. */
export function recipeText({ sizeBytes, files, content, problem }: ShownRecipe, width: number | undefined): string {
  const head = `\nMachine recipe (${counted(files.length, 'file')}, ${formatBytes(sizeBytes)})\n`
  if (content === null) return `${head}  ${printable(problem ?? 'It cannot be shown.')}\n`
  return [
    head,
    computerText(content),
    ...content.disks.map(disk => diskText(disk, width)),
    section('Encrypted volumes', encryptedText(content, width)),
    ...content.groups.map(group => groupText(group, width)),
    section('RAID arrays', content.arrays.map(line => `  ${printable(line)}\n`).join('')),
    section('File systems and swap', fileSystemText(content, width)),
    section('/etc/fstab', fileText(content.fstab)),
    section('/etc/crypttab', fileText(content.crypttab)),
    section('Not in the recipe, or not shown', content.notes.map(note => `  ${printable(note)}\n`).join('')),
  ].join('')
}

const section = (title: string, text: string): string => (text === '' ? '' : `\n${title}\n${text}`)

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')

const narrower = (width: number | undefined) => (width === undefined ? undefined : width - 2)

function computerText({ computer: { name, system, kernel, architecture, boot } }: MachineRecipe): string {
  return facts([
    ['Computer', name],
    ['System', system ?? undefined],
    ['Kernel', `${kernel} (${architecture})`],
    ['Boots by', boot === 'efi' ? 'EFI' : 'BIOS'],
  ])
}

function diskText(disk: RecipeDisk, width: number | undefined): string {
  const { path, sizeBytes, model, serial, table: kind, tableId, sectorBytes, partitions } = disk
  const what = [formatBytes(sizeBytes), model, serial === null ? null : `serial ${serial}`].filter(
    word => word !== null,
  )
  const title = `\nDisk ${printable(path)} (${printable(what.join(', '))})\n`
  if (kind === null) return `${title}  no partition table that is known\n`
  const about = facts([
    ['Table', `${kind.toUpperCase()}${tableId === null ? '' : `, id ${tableId}`}; sectors of ${sectorBytes} bytes`],
  ])
  const rows = partitions.map(({ path: node, offset, length, type, uuid, name, bootable }) => [
    node,
    offset.toLocaleString('en-US'),
    formatBytes(length),
    `${typeName(kind, type)}${bootable ? ', bootable' : ''}`,
    uuid?.toLowerCase() ?? '',
    name ?? '',
  ])
  const columns = [
    { title: 'Partition' },
    { title: 'Begins at byte', align: 'right' as const },
    { title: 'Size', align: 'right' as const },
    { title: 'Type', shrink: 'cut' as const },
    { title: 'UUID', shrink: 'cut' as const },
    { title: 'Name', shrink: 'cut' as const },
  ]
  return `${title}${about}${rows.length === 0 ? '' : indented(table(columns, rows, narrower(width)))}`
}

const typeName = (kind: string, type: string): string =>
  (kind === 'gpt' ? gptTypeName(type.toLowerCase()) : dosTypeName(Number.parseInt(type, 16))) ?? type

function encryptedText({ encrypted }: MachineRecipe, width: number | undefined): string {
  if (encrypted.length === 0) return ''
  const rows = encrypted.map(({ path, uuid, version, headerBytes }) => [
    path,
    version === null ? 'LUKS' : `LUKS${version}`,
    uuid ?? '',
    headerBytes === null ? 'missing' : `kept, ${formatBytes(headerBytes)}`,
  ])
  const columns = [{ title: 'Device' }, { title: 'Kind' }, { title: 'UUID' }, { title: 'Header' }]
  return indented(table(columns, rows, narrower(width)))
}

function groupText({ name, uuid, sizeBytes, members, volumes }: RecipeGroup, width: number | undefined): string {
  const about = facts([
    ['UUID', uuid],
    ...members.map((member, i) => [i === 0 ? 'Members' : '', `${member.path} (UUID ${member.uuid})`] as const),
  ])
  const rows = volumes.map(volume => [
    volume.name,
    formatBytes(volume.sizeBytes),
    `${volume.layout}${volume.pool === null ? '' : `, in ${volume.pool}`}`,
  ])
  const columns = [{ title: 'Volume' }, { title: 'Size', align: 'right' as const }, { title: 'Kind' }]
  const list = rows.length === 0 ? '' : indented(table(columns, rows, narrower(width)))
  return `\nVolume group ${printable(name)} (${formatBytes(sizeBytes)})\n${about}${list}`
}

function fileSystemText({ fileSystems }: MachineRecipe, width: number | undefined): string {
  if (fileSystems.length === 0) return ''
  const rows = fileSystems.map(({ path, type, sizeBytes, uuid, label }) => [
    path,
    type,
    formatBytes(sizeBytes),
    uuid ?? '',
    label ?? '',
  ])
  const columns = [
    { title: 'Device', shrink: 'cut' as const },
    { title: 'Type' },
    { title: 'Size', align: 'right' as const },
    // For mkswap and mkfs: half of it is of no use.
    { title: 'UUID' },
    { title: 'Label', shrink: 'cut' as const },
  ]
  return indented(table(columns, rows, narrower(width)))
}

/** The lines that say something. */
function fileText(text: string | null): string {
  const lines = (text ?? '').split('\n').filter(line => !/^\s*(#|$)/.test(line))
  return lines.map(line => `  ${printable(line)}\n`).join('')
}
