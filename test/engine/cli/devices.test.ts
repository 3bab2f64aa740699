import { describe, expect, it } from 'vitest'
import { choiceWords, reasonWords, wayWords } from '../../../engine/cli/backupWayWords.ts'
import { deviceListing } from '../../../engine/cli/commands/devices.ts'
import { deviceTreeText } from '../../../engine/cli/deviceTreeText.ts'
import { displayWidth } from '../../../engine/cli/textLayout.ts'
import { backupWays } from '../../../engine/contract/backupWays.ts'
import { deviceListingSchema } from '../../../engine/contract/deviceListing.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { lvmAnswer, lvmMachine } from '../../support/lvmMachine.ts'

const inventory = lvmMachine(lvmAnswer())
const wayOf = backupWays(inventory)
const tree = (width?: number) =>
  deviceTreeText(inventory, wayOf, ({ mountPoints }) => (mountPoints.length > 0 ? 14_336 : null), width)
const lineOf = (text: string, name: string) => text.split('\n').find(line => line.includes(name))

describe('the tree of devices', () => {
  it('shows each with its size, content, mount point and how it is backed up', () => {
    const text = tree()
    expect(lineOf(text, '─vda1')).toMatch(/^├─vda1 +40 MiB +14 KiB +ext4, “efi” +\/run\/efi +only while in use$/)
    expect(lineOf(text, '─vg-data')).toMatch(/^│ └─vg-data +216 MiB +volume group, 92 MiB free +by its volumes$/)
    expect(lineOf(text, '─pool')).toMatch(/^│ {3}├─pool +64 MiB +\d+ % +thin pool +by its volumes$/)
    expect(lineOf(text, '─home')).toMatch(/^│ {3}│ ├─home +128 MiB +14 KiB .*consistent, snapshot$/)
    expect(lineOf(text, '─holdfast_home_1')).toMatch(/snapshot of Holdfast$/)
    expect(lineOf(text, '─asleep')).toMatch(/not while inactive$/)
    expect(lineOf(text, '─broken')).toContain('a disk is missing')
    expect(lineOf(text, '─md0')).toMatch(/^└─md0 .*raid1, ext4, “array” .*consistent, at rest$/)
  })

  it('calls volumes by group and name when LVM says nothing', () => {
    const silent = lvmMachine()
    const text = deviceTreeText(silent, backupWays(silent), () => null, undefined)
    expect(text).toContain('─vg-data/before-upgrade ')
    expect(text).toContain('─vgfull/all ')
  })

  it('fits a terminal', () => {
    for (const width of [80, 100, 140]) {
      for (const line of tree(width).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width)
    }
  })
})

describe('the listing for programs', () => {
  it('is what the contract says, with a code and words for each reason and choice', () => {
    const listing = deviceListing(inventory, () => null)
    expect(deviceListingSchema.parse(listing)).toEqual(listing)
    const full = listing.devices.find(({ path }) => path === '/dev/mapper/vgfull-all')!
    expect(full.backup).toMatchObject({
      way: 'in-use',
      why: { code: 'group-full', text: reasonWords['group-full'] },
      choices: expect.arrayContaining([{ code: 'add-disk', text: choiceWords['add-disk'] }]),
    })
    expect(listing.lvm?.groups.map(({ name }) => name)).toContain('vgfull')
    expect(listing.notes).toEqual([])
  })

  it.each(['needs-root', 'not-installed', 'failed'] as const)('says what could not be found out: %s', state => {
    const listing = deviceListing(lvmMachine({ state, groups: [], volumes: [], disks: [] }), () => null)
    expect(listing.notes.map(({ code }) => code)).toEqual([`lvm-${state}`])
  })

  it('has nothing of LVM where there is none', () => {
    expect(deviceListing({ devices: [] }, () => null)).toEqual({ devices: [], lvm: null, notes: [] })
  })
})

it('a device has words for how it is backed up, whatever the reason', () => {
  for (const device of inventory.devices) expect(wayWords(wayOf(device))).not.toMatch(/^(no)?$|undefined/)
})

describe('holdfast devices', () => {
  it('lists the devices of this computer', async () => {
    const { stdout, code } = await runInProcess(['devices', '--json'])
    expect(code).toBe(0)
    expect(() => deviceListingSchema.parse(JSON.parse(stdout))).not.toThrow()
  })

  it('finds a device that is not there not', async () => {
    const { stderr, code } = await runInProcess(['devices', 'no such thing'])
    expect([code, stderr]).toEqual([66, expect.stringContaining('There is no device “no such thing”.')])
  })
})
