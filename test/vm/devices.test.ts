import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type DeviceListing, deviceListingSchema } from '../../engine/contract/deviceListing.ts'
import { lsblkColumns } from '../../engine/drives/deviceFacts.ts'
import { disksArguments, fullReportArguments } from '../../engine/drives/lvmReport.ts'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')
const node = `${root}/test/vm/machine/node.sh`

/** One boot: the disks of machine/disks.sh, and what the command line says of them, to root and to others. */
const script = `
set -eu
cd /run/tmp
bash ${join(import.meta.dirname, 'machine/disks.sh')}
holdfast() { (cd /run/tmp && ${node} ${root}/engine/cli/main.ts "$@"); }
cd /share
lvm ${fullReportArguments.join(' ')} >lvm-report.txt 2>/dev/null
lvm ${disksArguments.join(' ')} >lvm-disks.txt 2>/dev/null
lsblk --json --bytes --output ${lsblkColumns} >lsblk.txt
(cd /run/tmp && ${node} ${root}/test/support/recordSystem.ts) >system.txt
udevadm monitor --udev --subsystem-match=block >events &
monitor=$!
holdfast devices --json >root.json
holdfast devices >root.txt
holdfast devices /dev/vgfull/all >full.txt
udevadm settle
kill $monitor
losetup --find /run/two
udevadm settle
lvm ${disksArguments.join(' ')} >lvm-disks-copied.txt 2>/dev/null
holdfast devices --json >copied.json
code=0
(cd /run/tmp && setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/run/tmp ${node} ${root}/engine/cli/main.ts devices --json) >user.json 2>user.err || code=$?
echo $code >user.code
code=0
holdfast devices /dev/nothing 2>missing.err || code=$?
echo $code >missing.code
`

/** Files that the tests of the pure parts read; recorded anew with HOLDFAST_RECORD=1. */
const recorded = join(root, 'test/support/lvmMachine')
const recordedFiles = ['lvm-report.txt', 'lvm-disks.txt', 'lvm-disks-copied.txt', 'lsblk.txt', 'system.txt']

describe.skipIf(noVm !== undefined)('the inventory of a computer with everything', () => {
  let result: VmResult
  const text = (name: string) => result.files[name]?.toString('utf8') ?? ''
  const listing = (name: string): DeviceListing => deviceListingSchema.parse(JSON.parse(text(name)))

  beforeAll(async () => {
    result = await inVm(script, { disks: ['400M', '200M', '64M', '64M'] })
    if (process.env.HOLDFAST_RECORD === '1') {
      mkdirSync(recorded, { recursive: true })
      for (const name of recordedFiles) writeFileSync(join(recorded, name), result.files[name] ?? '')
    }
  })

  test('the machine came to its end', () => {
    expect(result, result.output).toMatchObject({ exitCode: 0 })
  })

  const way = ({ devices }: DeviceListing, path: string) => {
    const found = devices.find(device => device.path === path)
    return found && `${found.backup.way} ${found.backup.why.code}`
  }

  test('root is told how each device can be backed up', () => {
    const all = listing('root.json')
    const ways = Object.fromEntries(
      all.devices.filter(({ isInternal }) => !isInternal).map(({ path }) => [path, way(all, path)]),
    )
    expect(ways).toMatchObject({
      '/dev/vda': 'in-use in-use',
      '/dev/vda1': 'in-use mounted',
      '/dev/vda2': 'not holds-volumes',
      '/dev/vda3': 'in-use in-use',
      '/dev/vda5': 'as-is idle',
      '/dev/mapper/secret': 'in-use mounted',
      '/dev/mapper/vg--data-root': 'snapshot-classic snapshot',
      '/dev/mapper/vg--data-home': 'snapshot-thin snapshot',
      '/dev/mapper/vg--data-before--upgrade': 'snapshot-thin snapshot',
      '/dev/mapper/vg--data-holdfast_root_1': 'not own-snapshot',
      '/dev/mapper/vgfull-all': 'in-use group-full',
      '/dev/mapper/broken-part': 'as-is idle',
      '/dev/mapper/twin-data': 'snapshot-classic snapshot',
      '/dev/vdb1': 'as-is idle',
      '/dev/vdb2': 'not extended',
      '/dev/vdb4': 'not swap',
      '/dev/vdc': 'not raid-member',
      '/dev/md0': 'as-is idle',
    })
    expect(all.notes).toEqual([])
  })

  test('asking LVM makes no events of udev, which would have it asked again', () => {
    expect(
      text('events')
        .split('\n')
        .filter(line => line.startsWith('UDEV  [')),
    ).toEqual([])
  })

  test('a copied disk is told of', () => {
    const group = listing('copied.json').lvm?.groups.find(({ problems }) => problems.includes('duplicate-disks'))
    expect(group).toMatchObject({ name: 'twin', problems: ['duplicate-name', 'duplicate-disks'] })
  })

  test('others see what they may, and what needs root', () => {
    expect(text('user.code').trim(), text('user.err')).toBe('0')
    const all = listing('user.json')
    expect(all.notes.map(({ code }) => code)).toEqual(['lvm-needs-root'])
    expect(way(all, '/dev/mapper/vg--data-root')).toBe('in-use lvm-needs-root')
    expect(way(all, '/dev/vda2')).toBe('not holds-volumes')
    expect(way(all, '/dev/vda1')).toBe('in-use mounted')
  })

  test('people get a tree, and reasons when they ask for one device', () => {
    expect(text('root.txt')).toMatch(/├─vda2 .*LVM/)
    expect(text('root.txt')).toMatch(/│ └─vg-data .*volume group, 92 MiB free/)
    expect(text('full.txt')).toContain('Its volume group has no free extents for a snapshot.')
    expect(text('full.txt')).toContain('vgextend')
  })

  test('a device that is not there is not found', () => {
    expect(text('missing.code').trim()).toBe('66')
    expect(text('missing.err')).toContain('There is no device “/dev/nothing”.')
  })

  test('the recorded files still are what this computer says', () => {
    // Their uuids are others each time.
    const lines = (content: string) => content.split('\n').length
    for (const name of ['lvm-report.txt', 'lvm-disks.txt', 'lvm-disks-copied.txt'])
      expect(lines(readFileSync(join(recorded, name), 'utf8')), name).toBe(lines(text(name)))
  })
})
