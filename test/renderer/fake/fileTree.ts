import type { FileEntry, FileKind, Volume } from '../../../engine/contract/files.ts'
import { GB, MB } from './devices.ts'

/** The files of invented versions: the same for the same path, whenever they are asked for. */

/** More than a window can draw. */
export const manyEntries = 100_000

export const longName =
  'Minutes of the meeting about the new roof of the community hall, with all remarks of everybody who was there and of those who were not (final, corrected, really final).odt'

const entry = (name: string, kind: FileKind, facts: Partial<FileEntry> = {}): FileEntry => ({
  name,
  kind,
  sizeBytes: kind === 'file' ? 4096 : 0,
  modified: '2026-10-03T08:15:00.000Z',
  mode: kind === 'folder' ? '0755' : '0644',
  uid: 1000,
  gid: 1000,
  linkTarget: null,
  isNameExact: true,
  ...facts,
})
const file = (name: string, sizeBytes: number, modified = '2026-11-20T17:40:00.000Z', facts: Partial<FileEntry> = {}) =>
  entry(name, 'file', { sizeBytes, modified, ...facts })
const folder = (name: string, facts: Partial<FileEntry> = {}) => entry(name, 'folder', facts)

const folders: Readonly<Record<string, readonly FileEntry[]>> = {
  '': [
    folder('archive', { modified: '2026-11-25T02:00:00.000Z' }),
    folder('empty'),
    folder('home', { uid: 0, gid: 0 }),
    folder('tmp', { mode: '1777', uid: 0, gid: 0 }),
    file('notes.txt', 2210, '2026-11-25T09:12:00.000Z'),
    file('roof.png', 1840, '2026-07-01T12:00:00.000Z'),
    file('panorama.jpg', 38 * MB, '2026-08-14T18:03:00.000Z'),
    file('invoices.ods', 84_000),
    file(longName, 18_230),
    file('K\uFFFDse.txt', 12, undefined, { isNameExact: false }),
    entry('latest', 'link', { linkTarget: 'home/anna/letters/2026/november.txt', sizeBytes: 35 }),
    entry('outside', 'link', { linkTarget: '../../../../etc/shadow', sizeBytes: 22 }),
    entry('control', 'pipe', { mode: '0600' }),
    file('empty.log', 0),
    file('su', 71_912, undefined, { mode: '4755', uid: 0, gid: 0 }),
  ],
  empty: [],
  home: [folder('anna'), folder('ben', { mode: '0700', uid: 1001, gid: 1001 })],
  'home/anna': [folder('letters'), folder('Pictures'), file('todo.txt', 310)],
  'home/anna/letters': [folder('2025'), folder('2026'), file('to the landlord.txt', 1502)],
  'home/anna/letters/2026': [file('november.txt', 980), file('october.txt', 1210)],
}

const twoDigits = (value: number) => String(value).padStart(2, '0')

let archive: FileEntry[] | undefined
const archiveEntries = (): FileEntry[] => {
  archive ??= Array.from({ length: manyEntries }, (_, i) =>
    file(
      `scan-${String(i).padStart(6, '0')}.tif`,
      1000 + ((i * 7919) % 9_000_000),
      new Date(Date.UTC(2020, 0, 1) + ((i * 104_729) % 200_000_000) * 1000).toISOString(),
    ),
  )
  return archive
}

/** Undefined for what is no folder. */
export function folderAt(path: string): readonly FileEntry[] | undefined {
  if (path === 'archive') return archiveEntries()
  const known = folders[path]
  if (known) return known
  return entryAt(path)?.kind === 'folder' ? [] : undefined
}

export function entryAt(path: string): FileEntry | undefined {
  if (path === '') return folder('')
  const cut = path.lastIndexOf('/')
  const parent = path.slice(0, Math.max(0, cut))
  const inside = parent === 'archive' ? archiveEntries() : folders[parent]
  return inside?.find(({ name }) => name === path.slice(cut + 1))
}

export const textOfNotes = Array.from(
  { length: 40 },
  (_, i) => `${twoDigits(i + 1)}  Call the roofer. He knows what is to be done, and when.`,
).join('\n')

/** A house under a sky: 240 × 160 pixels. */
export const picture = [
  'iVBORw0KGgoAAAANSUhEUgAAAPAAAACgCAIAAAC9uXYyAAAEFElEQVR42u3W2ZIdUhTH4fVC3sBDuHYfBEFIEARBEBIEyaXM8zzPnenak6yXoO',
  'oo1V21q6uHs0/vs85X9T3B+v921Y6jLxPKCCdA0DBq0EdeJpQRR14klCFoagX954uEMgRNsaCfJ5QRfzxPKEPQCBqGDfr3ZwllCBpBw7BBH36W',
  'UEYcfppQhqCpFfRvTxPKEDTFgl5KKCN+XUooQ9AIGoYN+pcnCWUIGkHDsEEfepJQRhx6nFCGoKkV9MHHCWUImmJBP0ooI35+lFCGoBE0DBv0Tw',
  '8TyhA0goZhgz7wMKGMOPAgoQxBUyvoHx8klCFoigV9P6GM+OF+QhmCRtAwbNDf30soQ9AIGoYNev+9hDJi/92EMgRNraC/u5tQhqApFvSdhDLi',
  '2zsJZQgaQcOwQX9zO6EMQc/C0VdfmXAKQRdJeTln6Rj0vttJJ82aJxynk9h3K5m6VVJekbVbTZugtyZlWfcK+utbybRsoOYJp5sWQW9xyrKedt',
  'A3k82YSsorsnbVTYivbiYbNvWaJxx2wwQ9VsqyFnTBlGW98aC/vJGs3YxrnnD2tRP00CnLWtAFU5b1OoLeeyNZxVA1TxhlFbH3etI0YMorsrZR',
  'i6DnL2VZrxb0F9eT5eao5gmTLSfoOU5Z1q2gryVznfKKrBd+yvj8Wi64MjVPLPiaIeWSBC1lWZcI+rOruWgWpOaJRRs3pCxrQUtZ1qMGvedqli',
  'fl/5XfOvZcycIU3M667uIhZVmXCvrTK1mPWNeo3vQhZWoFfTlr0OVmsy6RQXxyOQuQ41QUKCGkTKWsQ8pUyjo+vpTzSHAzMI9hhJSplHVImUpZ',
  'x+5LORckteXmopPYfTEHp6Sxsh67lpAylbKOXRdzTKIZ3JjZhJSplHXsupDj0Me8Zj1MQvHRhRyELObaIBWFlKmUdUiZSlnHh+dzqxi+sK2KKq',
  'RMpaxDylTKOnaez5lZ1xX+XjrOyNa15swai53ncgY28KwVUyno/7LuX1oMmLKgqwY9g6zjg3PZz2Y+XoqpGvS/+iUnaIoFfTb7EbSg20F3Sy7e',
  'P5v9CFrQTf2SEzSCFjTDBv3emexH0IJu6pecoBG0oBk26B1nsh9BC7qpX3Kx43T2I2hBt4PulpygqRX0u6ezH0ELuqlfcoKmWNCnsh9BC7oddL',
  'fk4p1T2Y+gBd3ULzlBI2hBM2zQb5/MfgQt6KZ+yQkaQQuaYYPefjL7EbSgm/olF9tPZD+CFnQ76G7JCZpaQb91IvsRtKCb+iUnaIoFfTz7EbSg',
  '20F3Sy7ePJ79CFrQTf2SEzSCFjTDBv3GsexH0IJu6pecoBG0oBk26G3Hsh9BC7qpX3Kx7a/sR9CCbgfdLTlBUyvo1w++BmUIGkGDoEHQIGgEDY',
  'IGQYOgYY3+AaeSS31itiX+AAAAAElFTkSuQmCC',
].join('')

const volume = (name: string, facts: Partial<Volume>): Volume => ({
  name,
  kind: 'ext4',
  label: null,
  sizeBytes: 120 * GB,
  usedBytes: 71 * GB,
  purpose: null,
  state: 'ready',
  why: null,
  ...facts,
})

/** A version of a volume holds one file system; one of a disk several, of all states. */
export function volumesOf(name: string, isUnlocked: boolean): Volume[] {
  if (name !== 'home') return [volume('disk', { label: name })]
  return [
    volume('p1', { kind: 'vfat', label: 'EFI', sizeBytes: 537 * MB, usedBytes: 31 * MB, purpose: 'EFI system' }),
    volume('p2', { label: 'Home of everybody', sizeBytes: 600 * GB, usedBytes: 412 * GB }),
    isUnlocked
      ? volume('p3/vg/private', { label: 'Private', sizeBytes: 80 * GB, usedBytes: 12 * GB })
      : volume('p3', { kind: 'crypto_LUKS', sizeBytes: 80 * GB, usedBytes: null, state: 'locked' }),
    volume('p4', { kind: 'swap', sizeBytes: 8 * GB, usedBytes: null, state: 'closed', why: 'It is swap space.' }),
    volume('p5', {
      kind: 'zfs_member',
      sizeBytes: 200 * GB,
      usedBytes: null,
      state: 'closed',
      why: 'This computer has no driver for zfs.',
    }),
  ]
}
