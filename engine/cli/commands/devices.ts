import type { Command } from 'commander'
import { backupWays, type HowBackedUp, howBackedUp } from '../../contract/backupWays.ts'
import type { DeviceListing, ListedDevice } from '../../contract/deviceListing.ts'
import type { DriveDevice, DriveInventory } from '../../contract/drives.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { choiceWords, noteWords, reasonWords, wayWords } from '../backupWayWords.ts'
import type { Cli } from '../cli.ts'
import { deviceTreeText } from '../deviceTreeText.ts'
import { helpNotes } from '../help.ts'
import { facts, printable, wrap } from '../textLayout.ts'

const notes = `
"consistent" is a version of one moment: nothing wrote meanwhile, or a snapshot
was held still. "crash-consistent" is one moment, as after a power cut. What is
read "while in use" may hold parts of different moments. Name a device to see
why, and what can be done about it.

Needs no root, but only root may ask LVM for free room, pools and snapshots, and
see which file systems are there where there is no udev. Nothing is changed.`

export function define(command: Command, cli: Cli): void {
  command
    .description('List disks, partitions and volumes, and how each can be backed up.')
    .argument('[device]', 'only this one, in full: its path, label, model, serial, or id')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['devices', 'Show all of them as a tree.'],
          ['devices /dev/vg0/root', 'Why a volume is backed up as it is, and what could be better.'],
          ['devices --json', 'All facts, for programs.'],
        ],
        notes,
      ),
    )
    .action((name: string | undefined) => run(cli, name))
}

async function run(cli: Cli, name: string | undefined): Promise<void> {
  const { signal } = cli.callOptions()
  const [{ inventoryAccess, readInventory }, { LvmReader }, { UsageReader }] = await Promise.all([
    import('../../drives/readInventory.ts'),
    import('../../drives/readVolumes.ts'),
    import('../../drives/fileSystemUsage.ts'),
  ])
  const inventory = await readInventory({ ...inventoryAccess, lvm: new LvmReader() }, signal)
  const usages = await new UsageReader().read(inventory)
  const used = new Map(usages.map(({ device, usedBytes }) => [device, usedBytes]))
  const listing = deviceListing(inventory, ({ id }) => used.get(id) ?? null)
  if (name === undefined) {
    cli.output.result(listing, () => listingText(listing, inventory, cli.output.width))
  } else {
    const device = await theDevice(listing, name)
    const way = wayWords(howBackedUp(device, inventory))
    cli.output.result(device, () => deviceText(device, way, cli.output.width))
  }
}

/** The inventory with how each device can be backed up. Pure. */
export function deviceListing(
  inventory: DriveInventory,
  usedOf: (device: DriveDevice) => number | null,
): DeviceListing {
  const wayOf = backupWays(inventory)
  const state = inventory.lvm?.state
  const note = state === undefined || state === 'known' ? null : (`lvm-${state}` as const)
  return {
    devices: inventory.devices.map(device => ({
      ...device,
      usedBytes: usedOf(device),
      backup: withWords(wayOf(device)),
    })),
    lvm: inventory.lvm ?? null,
    notes: note === null ? [] : [{ code: note, text: noteWords[note] }],
  }
}

const withWords = ({ why, choices, ...how }: HowBackedUp): ListedDevice['backup'] => ({
  ...how,
  why: { code: why, text: reasonWords[why] },
  choices: choices.map(code => ({ code, text: choiceWords[code] })),
})

function listingText(listing: DeviceListing, inventory: DriveInventory, width: number | undefined): string {
  const byId = new Map(listing.devices.map(device => [device.id, device]))
  const tree = deviceTreeText(inventory, backupWays(inventory), ({ id }) => byId.get(id)?.usedBytes ?? null, width)
  const words = listing.notes.map(({ text }) => `${wrap(`Note: ${text}`, width ?? 80).join('\n')}\n`)
  return listing.devices.length === 0 ? 'There are no disks.\n' : `${tree}${words.join('')}`
}

/** Shortest beginning of an id that counts. */
const shortestId = 4

/** config.notFound when nothing has that name, usage.invalid when several have. */
async function theDevice({ devices }: DeviceListing, name: string): Promise<ListedDevice> {
  const { systemAccess } = await import('../../base/linux/system.ts')
  const identity = name.startsWith('/') ? await systemAccess.identify(name) : undefined
  const found = devices.filter(device => {
    if (identity?.kind === 'device') return device.deviceNumber === identity.deviceId
    const names = [
      device.id,
      device.path,
      device.model,
      device.serial,
      device.fileSystem?.label,
      device.fileSystem?.uuid,
    ]
    return names.includes(name) || (name.length >= shortestId && device.id.startsWith(name))
  })
  // Model and serial of a disk are those of its partitions, too.
  const own = found.filter(device => device.drives.includes(device.id))
  const [device] = found.length > 1 && own.length === 1 ? own : found
  if (device && (found.length === 1 || own.length === 1)) return device
  const isMany = found.length > 1
  throw new HoldfastError(
    isMany ? 'usage.invalid' : 'config.notFound',
    isMany ? `Several devices are called “${name}”.` : `There is no device “${name}”.`,
    { advice: 'See what there is with: holdfast devices', details: { device: name } },
  )
}

function deviceText(device: ListedDevice, way: string, width: number | undefined): string {
  const { backup, fileSystem } = device
  const lines = [
    `${printable(device.path)}\n`,
    facts([
      ['id', device.id],
      ['kind', device.raidLevel ?? device.kind],
      ['size', `${device.sizeBytes} bytes`],
      ['used', device.usedBytes === null ? undefined : `${device.usedBytes} bytes`],
      ['model', device.model ?? undefined],
      ['serial', device.serial ?? undefined],
      ['transport', device.transport ?? undefined],
      ['holds', fileSystem?.type],
      ['label', fileSystem?.label ?? undefined],
      ['mounted at', device.mountPoints.length === 0 ? undefined : device.mountPoints.join(', ')],
      ['backed up', way],
      ['changes known by', backup.tracking === 'none' ? undefined : backup.tracking],
    ]),
    `${wrap(backup.why.text, width ?? 80).join('\n')}\n`,
    ...backup.choices.map(({ text }) => `  - ${wrap(text, (width ?? 80) - 4).join('\n    ')}\n`),
  ]
  return lines.join('')
}
