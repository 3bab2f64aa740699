import { realpath } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { EjectResult } from '../../contract/drives.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Cli } from '../cli.ts'
import {
  type Drive,
  driveLabels,
  driveMountPoints,
  drivesIn,
  drivesNamed,
  driveTitle,
  isExternal,
} from '../driveChoice.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { withHelper } from '../helperClient.ts'
import { printable, table } from '../textLayout.ts'
import { listed } from '../words.ts'

const notes = `
The helper writes everything out, unmounts what it has mounted from the drive,
locks what is encrypted, and switches the drive off where that is possible. What
others have mounted stays; then the exit code is 75.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Make an external drive ready to be unplugged; without a name, list them.')
    .argument('[drive]', 'its label, model, serial, path, or id')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['eject', 'List the external drives.'],
          ['eject Backups', 'Eject the drive that is labelled so.'],
          ['eject /dev/sdb', 'Eject the drive that is there now.'],
        ],
        notes,
      ),
    )
    .action((name: string | undefined) => (name === undefined ? list(cli) : eject(cli, name)))
}

async function list(cli: Cli): Promise<void> {
  const { devices } = await withHelper(cli, client => client.call('sources.list', {}))
  const drives = drivesIn(devices).filter(isExternal)
  cli.output.result({ drives: drives.map(summaryOf) }, () =>
    drives.length === 0 ? 'No external drive is connected.\n' : driveTable(drives, cli.output.width),
  )
}

async function eject(cli: Cli, name: string): Promise<void> {
  const { drive, result } = await withHelper(cli, async client => {
    const { devices } = await client.call('sources.list', {})
    const drive = await theDrive(drivesIn(devices), name)
    return { drive, result: await client.call('drives.eject', { drive: drive.device.id }) }
  })
  const inUse = driveMountPoints(drive).filter(point => !result.unmounted.includes(point))
  if (inUse.length > 0) cli.exitCode = exitCodes.busy
  cli.output.result({ drive: summaryOf(drive), ...result, inUse }, () => {
    // Confirmations only; what stands in the way is said in any case.
    return cli.output.quiet && inUse.length === 0 ? '' : outcome(drive, result, inUse)
  })
}

/** config.notFound with the candidates unless the text means exactly one drive. */
async function theDrive(drives: readonly Drive[], text: string): Promise<Drive> {
  // A link such as /dev/disk/by-label/… stands for what it leads to.
  const path = text.startsWith('/dev/') ? await realpath(text).catch(() => text) : text
  const found = drivesNamed(drives, text)
  const named = found.length > 0 ? found : drivesNamed(drives, path)
  const [drive] = named
  if (drive && named.length === 1) return drive
  const candidates = named.length > 0 ? named : drives.filter(isExternal)
  throw new HoldfastError(
    'config.notFound',
    named.length > 0 ? `“${text}” may mean ${named.length} drives.` : `No drive “${text}” is connected.`,
    {
      advice:
        candidates.length === 0
          ? 'No external drive is connected.'
          : `Choose by path or serial: ${candidates.map(candidateText).join('; ')}.`,
      details: { drive: text, candidates: candidates.map(summaryOf) },
    },
  )
}

function candidateText(drive: Drive): string {
  const labels = driveLabels(drive)
  const { path, serial } = drive.device
  const more = [...labels.map(label => `“${label}”`), ...(serial === null ? [] : [`serial ${serial}`])]
  return `${path} (${[driveTitle(drive), ...more].join(', ')})`
}

function outcome(drive: Drive, { unmounted, poweredOff, note }: EjectResult, inUse: readonly string[]): string {
  const name = printable(driveTitle(drive))
  const lines = unmounted.length === 0 ? [] : [`Unmounted ${listed(unmounted.map(printable))}.`]
  if (inUse.length > 0) {
    lines.push(`Do not unplug ${name} yet: it is still mounted at ${listed(inUse.map(printable))}.`)
    lines.push('Unmount that, for example in the file manager, and eject the drive again.')
  } else {
    lines.push(
      poweredOff
        ? `${name} is switched off: it can be unplugged now.`
        : `${name} can be unplugged now. It was not switched off.`,
    )
    if (note !== null) lines.push(printable(note))
  }
  return `${lines.join('\n')}\n`
}

const summaryOf = (drive: Drive) => {
  const { id, path, vendor, model, serial, sizeBytes } = drive.device
  return {
    id,
    path,
    vendor,
    model,
    serial,
    sizeBytes,
    labels: driveLabels(drive),
    mountPoints: driveMountPoints(drive),
  }
}

function driveTable(drives: readonly Drive[], width: number | undefined): string {
  const rows = drives.map(drive => [
    drive.device.path,
    driveTitle(drive),
    driveLabels(drive).join(', '),
    formatBytes(drive.device.sizeBytes),
    drive.device.serial ?? '',
    driveMountPoints(drive).join(', '),
  ])
  return table(
    [
      { title: 'DRIVE' },
      { title: 'MODEL', shrink: 'cut' },
      { title: 'LABEL', shrink: 'cut' },
      { title: 'SIZE', align: 'right' },
      { title: 'SERIAL', shrink: 'cut' },
      { title: 'MOUNTED AT', shrink: 'cut' },
    ],
    rows,
    width,
  )
}
