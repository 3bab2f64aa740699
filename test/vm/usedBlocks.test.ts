import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/** Size in MiB of the volume and how its file system is made; the last program judges a copy of it and changes nothing. */
const cases = {
  ext4: [64, 'mkfs.ext4 -q', 'e2fsck -fn'],
  clusters: [64, 'mkfs.ext4 -q -O bigalloc -C 65536', 'e2fsck -fn'],
  xfs: [300, 'mkfs.xfs -q', 'xfs_repair -n'],
  btrfs: [128, 'mkfs.btrfs -q', 'btrfs check --readonly --check-data-csum'],
  vfat: [64, 'mkfs.vfat', 'fsck.vfat -n'],
} as const
const names = Object.keys(cases) as (keyof typeof cases)[]

/**
 * One boot for all. Each file system is mounted from a volume of LVM and written to without a pause while its snapshot is taken.
 * What is in use by the snapshot's metadata is copied to where all else is 0xa5, and must be a sound file system with all its files.
 */
const script = `
set -eu
cd /run/tmp
driver() { ${root}/test/vm/machine/node.sh ${root}/test/support/usedBlocksDriver.ts "$@"; }
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
pvcreate -q /dev/vda
vgcreate -q vg0 /dev/vda
# Every file says nothing but its own number, so that whatever else is in it shows.
write() { yes "$2" | head -n "$3" >"$1/$2.part" && mv "$1/$2.part" "$1/$2"; }
writer() {
  for i in $(seq 100000 999999); do
    write $1 $i $((i % 7 * 9000 + 800))
    [ $((i % 9)) -ne 0 ] || rm -f $1/$((i - 4)) $1/$((i - 7))
    [ $((i % 20)) -ne 0 ] || sync -f $1
    [ $((i % 50)) -ne 49 ] || rm -f $1/1?????
  done
}
check() { # NAME FOLDER
  find $2 -type f | wc -l >/share/$1.files
  for i in $(seq 1 2 15); do [ "$(wc -l <$2/kept/$i)" = 300000 ] || echo kept/$i; done >/share/$1.wrong
  find $2/kept $2/load -type f ! -name '*.part' | while read -r file; do
    ! grep -qavx "$(basename $file)" $file || echo $file
  done >>/share/$1.wrong
}
try() { # NAME MIB MKFS FSCK
  say $1
  lvcreate -q -y -L $2M -n $1 vg0 >/dev/null
  $3 /dev/vg0/$1 >/dev/null 2>&1
  mkdir -p on/$1/ copy
  mount /dev/vg0/$1 on/$1
  mkdir on/$1/kept on/$1/load
  for i in $(seq 16); do write on/$1/kept $i 300000; done
  sync -f on/$1
  rm on/$1/kept/*[02468]
  writer on/$1/load &
  writer=$!
  for i in $(seq 100); do [ ! -e on/$1/load/100030 ] || break; sleep 0.1; done
  lvcreate -q -y -s -L 40M -n frozen vg0/$1 >/dev/null
  sleep 0.3
  kill $writer
  wait $writer || true
  driver /dev/vg0/$1 /dev/null >/share/$1.live || true
  driver /dev/vg0/frozen image frozen >/share/$1.snapshot
  lvs --noheadings -o snap_percent vg0/frozen >/share/$1.percent
  umount on/$1
  lvremove -q -y vg0/frozen vg0/$1 >/dev/null
  options=ro
  case $1 in
    # The counters of the superblock are in the log, and only a mount puts them in place.
    xfs) options=nouuid ;;
    btrfs) btrfs device scan --forget || true ;;
    # The mark of being mounted, which is no damage.
    vfat) printf '\\0' | dd of=image bs=1 seek=37 conv=notrunc status=none ;;
  esac
  [ $1 = xfs ] || judge "$@"
  loop=$(losetup -f --show image)
  mount -o $options $loop copy
  check $1 copy
  umount copy
  losetup -d $loop
  [ $1 != xfs ] || judge "$@"
  rm image
}
judge() { if $4 image >/share/$1.fsck 2>&1; then echo sound; fi >/share/$1.verdict; }
${names.map(name => `try ${name} ${cases[name][0]} '${cases[name][1]}' '${cases[name][2]}'`).join('\n')}
say done
`

describe.skipIf(noVm !== undefined)('on a snapshot of a file system that is written to', () => {
  let vm: VmResult
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['600M'], seconds: 600 })
    if (vm.exitCode !== 0) throw new Error(`${vm.output}\n${vm.console.slice(-3000)}`)
  })
  const text = (name: string) => vm.files[name]?.toString('utf8').trim()

  test.each(names)('what %s has in use is all that a restore needs', name => {
    const snapshot = JSON.parse(text(`${name}.snapshot`)!)
    expect(snapshot).toMatchObject({ known: true, fileSystem: name === 'clusters' ? 'ext4' : name })
    expect(snapshot.usedBytes).toBeLessThan(snapshot.sizeBytes * 0.9)
    expect(text(`${name}.verdict`), text(`${name}.fsck`)).toBe('sound')
    expect(Number(text(`${name}.files`))).toBeGreaterThan(10)
    expect(text(`${name}.wrong`)).toBe('')
  })

  test('what is mounted itself is not believed where that shows', () => {
    for (const name of ['ext4', 'clusters'] as const) {
      expect(JSON.parse(text(`${name}.live`)!)).toMatchObject({ known: false, why: expect.stringContaining('journal') })
    }
    expect(JSON.parse(text('vfat.live')!)).toMatchObject({ known: false, why: expect.stringContaining('cleanly') })
  })
})
