import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/**
 * One boot for all: the disk /dev/vda has everything and is in use there, with its volume group active and file systems mounted.
 * A copy of it is opened in the way of a version, through the kernel's NBD and device-mapper.
 */
const script = `
set -eu
cd /run/tmp
. ${root}/test/support/tree.sh
# Without compilers: under emulation they take longer than they save, and one was seen to fall over itself.
driver() { ${root}/test/vm/machine/node.sh ${root}/test/support/filesDriver.ts /run/tmp/state "$@"; }
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }

say disk
printf 'label: gpt\\nsize=48M\\nsize=300M,type=E6D6D379-F507-44C2-A23C-238F2A3DF928\\nsize=48M\\nsize=310M\\nsize=112M\\n' |
  sfdisk -q /dev/vda
udevadm settle
{ pvcreate /dev/vda2
vgcreate vg0 /dev/vda2
lvcreate -y -L 40M -n root vg0
lvcreate -y -L 16M -n other vg0
lvextend -L 48M vg0/root
lvcreate -y -L 100M -T vg0/pool
lvcreate -y -V 64M -T -n thin vg0/pool; } >/dev/null
printf 'right one' >passphrase
cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vda3 passphrase
cryptsetup open --key-file passphrase /dev/vda3 crypt

say files
fill() { # NAME DEVICE MKFS…
  name=$1 device=$2
  shift 2
  "$@" $device >/dev/null 2>&1
  mkdir -p on/$name
  mount $device on/$name
  make_tree on/$name
}
fill p1 /dev/vda1 mkfs.ext4 -q
fill p3 /dev/mapper/crypt mkfs.ext4 -q
fill p4 /dev/vda4 mkfs.xfs -q
fill p5 /dev/vda5 mkfs.btrfs -q
fill vg0-root /dev/vg0/root mkfs.ext4 -q
fill vg0-thin /dev/vg0/thin mkfs.ext4 -q
sync
# What only the journals know, but is promised to be there.
for name in p1 p4; do
  echo late >on/$name/late
  sync on/$name/late
done
for name in on/*; do manifest $name >/share/$(basename $name).before; done
# Those in volumes are frozen, as a snapshot does it; the others stay dirty. btrfs is not, since its log is left out.
sync -f on/p5
dd if=/dev/vda of=copy bs=4M iflag=direct conv=sparse status=none

# Attributes of users need more than the tmpfs here.
mkfs.ext4 -q /dev/vdb
mkdir out
mount /dev/vdb out
rmdir out/lost+found

say attach
ls -l /dev/disk/by-uuid /dev/vg0 | awk '{ print $9, $10, $11 }' >links
dmsetup ls | sort >mappings
what_is_left() {
  ls -l /dev/disk/by-uuid /dev/vg0 | awk '{ print $9, $10, $11 }' | diff links - && dmsetup ls | sort | diff mappings -
  losetup --all
  cat /sys/block/nbd*/pid 2>/dev/null || true
  grep holdfast /proc/mounts || true
  ls state/attachments
}
driver copy extract out 'right one' >/share/extracted.json
say extracted
for name in out/*; do manifest $name >/share/$(basename $name).after; done
lvs --noheadings -o devices vg0/root | tr -d ' ' | tr '\\n' ' ' >/share/devices
what_is_left >/share/left-after-extract 2>&1

say killed
driver copy hold none 'right one' p1 vg0/thin >held &
for i in $(seq 600); do ! grep -q open held || break; sleep 0.1; done
dmsetup ls | grep -c holdfast >/share/held-mappings || true
grep -c holdfast /proc/mounts >/share/held-mounts || true
kill -9 $(pgrep -f 'filesDriver.ts.*hold')
pkill nbdkit || true
# Two at once: both tidy up after the dead one, and both want the first NBD device.
driver copy volumes >/share/first.json &
driver copy volumes >/share/second.json
wait $!
what_is_left >/share/left-after-kill 2>&1
say end
`

describe.skipIf(noVm !== undefined)('where the kernel has NBD and device-mapper', () => {
  let vm: VmResult
  const text = (name: string) => vm.files[name]?.toString('utf8') ?? `no ${name}`
  const json = (name: string) => JSON.parse(text(name))
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['900M', '200M'], seconds: 600 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  })

  test('all volumes of a disk are found', () => {
    expect(json('extracted.json').volumes).toMatchObject([
      { name: 'p1', kind: 'ext4', state: 'ready' },
      { name: 'p3', kind: 'crypto_LUKS', state: 'locked' },
      { name: 'p4', kind: 'xfs', state: 'ready' },
      { name: 'p5', kind: 'btrfs', state: 'ready' },
      { name: 'vg0/root', kind: 'ext4', state: 'ready' },
      { name: 'vg0/other', state: 'closed' },
      { name: 'vg0/thin', kind: null, state: 'ready' },
    ])
  })

  // p1 and p4 are dirty, p3 is encrypted, p5 has the identity of what is mounted, vg0/root lies in two pieces, vg0/thin in a pool.
  for (const volume of ['p1', 'p3', 'p4', 'p5', 'vg0/root', 'vg0/thin']) {
    test(`${volume} comes back as it was, though the original is in use`, () => {
      expect(json('extracted.json').opened[volume]).toMatchObject({ note: null, problems: [] })
      const name = volume.replace('/', '-')
      expect(text(`${name}.after`)).toBe(text(`${name}.before`))
    })
  }

  test('the volume group of the same name stays where it is', () => {
    expect(text('devices')).toBe('/dev/vda2(0) /dev/vda2(14) ')
  })

  test.each(['extract', 'kill'])('nothing is left, and no link has moved (%s)', when => {
    expect(text(`left-after-${when}`)).toBe('')
  })

  test('a wrong passphrase opens nothing', () => {
    expect(json('extracted.json').opened['p3 with another passphrase']).toBe('files.wrongPassphrase')
  })

  test('two that begin at the same moment do not take devices from each other', () => {
    expect(json('first.json')).toEqual(json('second.json'))
    expect(json('first.json').volumes).toHaveLength(7)
  })

  test('what was held when the process was killed had been there', () => {
    expect(Number(text('held-mappings'))).toBeGreaterThan(3)
    expect(Number(text('held-mounts'))).toBe(2)
  })
})
