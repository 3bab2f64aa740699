import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageBytes } from '../../engine/nbd/overlayPages.ts'
import { allowedAfter } from '../support/writerLog.ts'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')
const cutPages = 1024

/**
 * bin/holdfast as people run it. NODE_OPTIONS takes none of the switches that its Node needs there (machine/node.sh), so that is
 * exchanged.
 */
const prologue = `
set -eu
cd /run/tmp
. ${root}/test/support/tree.sh
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
export REAL_NODE=$(readlink -f ${root}/node_modules/.bin/node)
node=${root}/node_modules/.bin/node
ln -sf ${root}/test/vm/machine/node.sh $node
holdfast=${root}/bin/holdfast
# The disk of the backups, which outlives the power cut, with all that Holdfast keeps.
mkdir backups
export HOLDFAST_REPO=/run/tmp/backups/repository HOLDFAST_STATE_DIR=/run/tmp/backups/state
export HOLDFAST_KEY_FILE=/run/tmp/backups/key

serve() { # VERSION-OR-OPTIONS…: as /dev/nbd5, writable
  $holdfast nbd "$@" --read-write --socket /run/tmp/nbd.sock >served 2>served.log &
  server=$!
  for i in $(seq 1200); do [ ! -S /run/tmp/nbd.sock ] || break; kill -0 $server; sleep 0.1; done
  nbd-client -unix /run/tmp/nbd.sock /dev/nbd5
  blockdev --getro /dev/nbd5
}
hash() { sha256sum <"$1" | cut -d' ' -f1; }
`

/**
 * One boot: /dev/vda is backed up and the version written to by the kernel; /dev/vdb is the disk of the backups. Ends with a power cut in
 * the middle of writes.
 */
const written = `${prologue}
say disk
printf 'label: gpt\\nsize=64M\\nsize=32M\\nsize=16M\\n' | sfdisk -q /dev/vda
udevadm settle
mkfs.ext4 -q /dev/vda1
mkdir on
mount /dev/vda1 on
make_tree on
rmdir on/lost+found
manifest on >/share/files.before
umount on
# The second one has lost a folder, whose files hang in the air.
mkfs.ext4 -q -d /etc/udev /dev/vda2
debugfs -w -R 'clri /rules.d' /dev/vda2 2>/dev/null
e2fsck -fn /dev/vda2 >/dev/null 2>&1 && exit 9
head -c 16M /dev/urandom >/dev/vda3
mkfs.ext4 -q /dev/vdb
mount /dev/vdb backups
head -c 64 /dev/urandom >$HOLDFAST_KEY_FILE
chmod 600 $HOLDFAST_KEY_FILE

say backup
$holdfast init >/dev/null
$holdfast backup /dev/vda --name disk >/dev/null
hash /dev/vda >/share/original

say kernel
serve disk:latest
partprobe /dev/nbd5
udevadm settle
ls /dev/nbd5p* >/share/partitions
mount /dev/nbd5p1 on
manifest on >/share/files.served
rm -r on/home/anna/deep 'on/odd names'
echo changed >on/home/anna/letter
head -c 5M /dev/urandom >on/new
sha256sum on/new on/home/anna/letter | cut -d' ' -f1 >/share/new.before
sync
fstrim -v on | sed 's/.*(\\([0-9]*\\) bytes).*/\\1/' >/share/trimmed
umount on
e2fsck -fn /dev/nbd5p1 >/share/fsck-written 2>&1
say repair
code=0
e2fsck -fy /dev/nbd5p2 >/share/repair 2>&1 || code=$?
echo $code >/share/repair-code
e2fsck -fn /dev/nbd5p2 >/share/fsck-repaired 2>&1
say discard
du -k backups/state/overlays/*/data | cut -f1 >/share/room
# Written to first, so that there is something to give back.
dd if=/dev/urandom of=/dev/nbd5p3 bs=1M count=16 oflag=direct conv=fsync status=none
du -k backups/state/overlays/*/data | cut -f1 >>/share/room
blkdiscard /dev/nbd5p3
blockdev --flushbufs /dev/nbd5
sync /dev/nbd5
du -k backups/state/overlays/*/data | cut -f1 >>/share/room
cmp -n $((16 << 20)) /dev/nbd5p3 /dev/zero
hash /dev/nbd5 >/share/written
nbd-client -d /dev/nbd5
kill $server
wait $server
cat served.log
$holdfast overlays list --json >/share/overlays.json
say commit
$holdfast overlays commit $(ls backups/state/overlays) >/dev/null
$holdfast versions --json >/share/versions.json

say restore
$holdfast restore disk:latest~1 /dev/vdc --force >/dev/null
$holdfast restore disk:latest /dev/vdd --force >/dev/null
hash /dev/vdc >/share/restored-original
hash /dev/vdd >/share/restored-written
partprobe /dev/vdd
udevadm settle
e2fsck -fn /dev/vdd1 >/share/fsck-restored 2>&1
e2fsck -fn /dev/vdd2 >>/share/fsck-restored 2>&1

say files
# Attributes of users need more than the tmpfs here.
mkdir mounted backups/out
$holdfast mount disk:latest mounted >mount.log 2>&1 &
mounting=$!
for i in $(seq 1200); do [ ! -e mounted/p1/new ] || break; kill -0 $mounting; sleep 0.1; done
sha256sum mounted/p1/new mounted/p1/home/anna/letter | cut -d' ' -f1 >/share/new.mounted
cat /sys/block/nbd*/pid | wc -l >/share/attached
$holdfast unmount mounted
wait $mounting
$holdfast files disk:latest p1/home/anna --json >/share/files.json
$holdfast extract disk:latest~1 p1/home backups/out >/dev/null
(cd backups/out && manifest home) >/share/home.extracted
mount /dev/vdc1 on && (cd on && manifest home) >/share/home.before && umount on
{ cat /sys/block/nbd*/pid 2>/dev/null || true; } | wc -l >/share/left
grep holdfast /proc/mounts >>/share/left || true
ls backups/state/attachments >>/share/left

say cut
truncate -s $((${cutPages} * ${pageBytes})) cut.img
$holdfast backup cut.img --name cut >/dev/null
serve cut:latest
# Written by the kernel to what is on the medium of the backups, which nothing flushes on purpose.
touch /share/writes
$node ${root}/test/support/deviceWriter.ts /dev/nbd5 /share/writes ${cutPages} &
for i in $(seq 1200); do [ $(grep -c flushed /share/writes) -lt 40 ] || break; sleep 0.1; done
say end
echo b >/proc/sysrq-trigger
sleep 60
`

/** The next boot, with the same disks. */
const afterwards = `${prologue}
mount /dev/vdb backups
$holdfast overlays list --json >/share/overlays.json
serve --overlay $(ls backups/state/overlays)
cat /dev/nbd5 >/share/found
nbd-client -d /dev/nbd5
kill $server
wait $server
$holdfast overlays commit $(ls backups/state/overlays) >/dev/null
$holdfast restore cut:latest restored >/dev/null
hash restored >/share/restored
sha256sum </share/found | cut -d' ' -f1 >/share/found-hash
$holdfast scrub --json >/share/scrub.json
`

describe.skipIf(noVm !== undefined)('a writable export in the hands of the kernel', () => {
  let vm: VmResult
  let next: VmResult
  const disksIn = noVm === undefined ? mkdtempSync(join(tmpdir(), 'holdfast-disks-')) : ''
  const text = (name: string, { files } = vm) => files[name]?.toString('utf8').trim() ?? `no ${name}`
  const json = (name: string, { files } = vm) => JSON.parse(files[name]?.toString('utf8') ?? `no ${name}`)
  beforeAll(async () => {
    const disks = ['120M', '600M', '120M', '120M']
    vm = await inVm(written, { disks, disksIn, seconds: 600 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(null)
    expect(vm.output, vm.console).toMatch(/ end\n$/)
    next = await inVm(afterwards, { disks, disksIn })
    expect(next.exitCode, `${next.output}\n${next.console}`).toBe(0)
  })
  afterAll(() => rmSync(disksIn, { recursive: true, force: true }))

  test('partitions and files of the version are there', () => {
    expect(text('partitions')).toBe('/dev/nbd5p1\n/dev/nbd5p2\n/dev/nbd5p3')
    expect(text('files.served')).toBe(text('files.before'))
  })

  test('a file system that was written to is clean', () => {
    expect(text('fsck-written')).not.toMatch(/\bfix\b|WARNING/i)
    expect(Number(text('trimmed'))).toBeGreaterThan(1024 * 1024)
  })

  test('one that was damaged in the version is repaired', () => {
    expect(text('repair-code')).toBe('1')
    expect(text('repair')).toContain('FILE SYSTEM WAS MODIFIED')
    expect(text('fsck-repaired')).not.toMatch(/\bfix\b|WARNING/i)
  })

  test('what is discarded reads as zeros and takes no room', () => {
    const [before, full, discarded] = text('room').split('\n').map(Number) as [number, number, number]
    expect(full - before).toBeGreaterThanOrEqual(15 * 1024)
    expect(full - discarded).toBeGreaterThanOrEqual(15 * 1024)
  })

  test('it becomes a version that is what the kernel saw, and the first one is still what it was', () => {
    expect(json('overlays.json').overlays).toMatchObject([{ name: 'disk', inUse: false, isDamaged: false }])
    expect(json('versions.json').versions).toHaveLength(2)
    expect(text('restored-original')).toBe(text('original'))
    expect(text('restored-written')).toBe(text('written'))
    expect(text('written')).not.toBe(text('original'))
    expect(text('fsck-restored')).not.toMatch(/\bfix\b|WARNING/i)
  })

  test('mount, files, extract and unmount go through the kernel and leave nothing', () => {
    expect(text('attached')).toBe('1')
    expect(text('new.mounted')).toBe(text('new.before'))
    expect(json('files.json').entries.map(({ name }: { name: string }) => name)).not.toContain('deep')
    expect(text('home.extracted')).toBe(text('home.before'))
    expect(text('left')).toBe('0')
  })

  test('what was flushed before the power was cut is there, and the rest is old or new', () => {
    const log = text('writes').split('\n')
    expect(log.filter(line => line === 'flushed').length).toBeGreaterThanOrEqual(40)
    const allowed = allowedAfter(
      log,
      Array.from({ length: cutPages }, () => new Set([0])),
    )
    const found = next.files.found!
    expect(found.length).toBe(cutPages * pageBytes)
    const wrong = allowed.flatMap((values, page) => {
      const bytes = new Set(found.subarray(page * pageBytes, (page + 1) * pageBytes))
      return [...bytes].every(value => values.has(value)) ? [] : [page]
    })
    expect(wrong).toEqual([])
  })

  test('and can be kept as a version', () => {
    expect(json('overlays.json', next).overlays).toMatchObject([{ name: 'cut', inUse: false, isDamaged: false }])
    expect(text('restored', next)).toBe(text('found-hash', next))
    expect(json('scrub.json', next)).toMatchObject({ damaged: [], versions: [] })
  })
})
