import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')
const mib = 1024 * 1024

/**
 * Targets that must not be written, all at once: each is in use in another way. The name of the device, what is said about it,
 * and how it ends.
 */
const wrong: [name: string, target: string, exitCode: number, code: string, message: string][] = [
  ['mounted', '/dev/vdd1', 77, 'target.mounted', '/dev/vdd1 is mounted at /run/tmp/mounted.'],
  ['partition', '/dev/vdd', 77, 'target.mounted', '/dev/vdd1 on /dev/vdd is mounted at /run/tmp/mounted.'],
  ['system', '/dev/vdl', 77, 'target.systemDisk', '/dev/vdl belongs to the running system (/boot).'],
  ['lvm', '/dev/vde', 77, 'target.inUse', '/dev/vde is in use by the logical volumes /dev/mapper/vg0-data, '],
  ['raid', '/dev/vdh', 77, 'target.inUse', '/dev/vdh is in use by the RAID array /dev/md0.'],
  ['swap', '/dev/vdf', 77, 'target.systemDisk', '/dev/vdf belongs to the running system (swap).'],
  ['luks', '/dev/vdg', 77, 'target.inUse', '/dev/vdg is in use by the opened encrypted volume /dev/mapper/opened.'],
  ['repository', '/dev/vdb', 77, 'target.holdsRepository', '/dev/vdb would destroy the repository at'],
  ['small', '/dev/vdk', 77, 'target.tooSmall', `/dev/vdk holds ${24 * mib} bytes; the version has ${40 * mib}.`],
  ['readOnly', '/dev/vdj', 77, 'target.readOnly', '/dev/vdj cannot be written: the device is write-protected.'],
  ['changed', '/dev/vdm', 77, 'target.identityChanged', '/dev/vdm holds something else now. Nothing was written.'],
  ['loop', '/run/tmp/loop.img', 77, 'target.inUse', '/run/tmp/loop.img is in use by the loop device /dev/loop'],
]

const orders = (restores: object[]) =>
  JSON.stringify({ stateDir: '/run/tmp/state', url: '/run/tmp/repository/r', keyFile: '/run/tmp/key', restores })

const refused = orders(
  wrong.map(([name, target]) => ({
    name,
    target,
    options: { force: true },
    ...(name === 'changed' && { between: 'echo other | dd of=/dev/vdm bs=512 conv=notrunc status=none' }),
  })),
)

const restored = orders([
  { name: 'new', target: 'lvm:vg0/new', options: { verify: true } },
  { name: 'thin', target: 'lvm:vg0/thin', options: { thinPool: 'pool', verify: true } },
  { name: 'again', target: 'lvm:vg0/new', options: {} },
  { name: 'nowhere', target: 'lvm:vg7/new', options: {} },
  { name: 'broken off', target: 'lvm:vg0/gone', options: {}, abort: true },
  {
    name: 'delta',
    target: '/dev/vg0/new',
    options: { force: true, delta: true, verify: true },
    between: 'dd if=/dev/urandom of=/dev/vg0/new bs=1M seek=30 count=1 conv=notrunc status=none; sync',
  },
  { name: 'failing', target: '/dev/mapper/failing', options: { force: true } },
])

const node = `${root}/test/vm/machine/node.sh`
/** The program itself, so that what is killed is not a shell around it. */
const bare = `${root}/node_modules/.bin/node --no-opt --no-maglev --no-sparkplug ${root}/engine/cli/main.ts`

const script = `
set -eu
cd /run/tmp
restoring() {
  lvremove -q -y @holdfast_unfinished >/dev/null 2>&1 || true
  ${node} ${root}/test/support/targetDriver.ts "$@"
}
driver() { restoring "$@"; }
# Nothing that the kernel goes on writing by itself.
make_ext4() { mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$@"; }
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
export HOLDFAST_REPO=/run/tmp/repository/r HOLDFAST_STATE_DIR=/run/tmp/state HOLDFAST_KEY_FILE=/run/tmp/key
. ${root}/test/vm/machine/resident.sh
head -c 64 /dev/urandom >key

say version
printf 'label: gpt\\nsize=8M,type=L\\nstart=20480,size=24M,type=L' | sfdisk -q /dev/vda
udevadm settle
make_ext4 -L first /dev/vda1
make_ext4 -L second /dev/vda2
mkdir source repository mounted inside
mount /dev/vda2 source
head -c 12M /dev/urandom >source/data
b2sum <source/data >/share/data.before
umount source
make_ext4 /dev/vdb
mount -o noatime /dev/vdb repository
hf init --quiet
hf backup /dev/vda --quiet

say wrong
printf 'label: gpt\\nsize=40M,type=L' | sfdisk -q /dev/vdd
udevadm settle
make_ext4 /dev/vdd1
mount -o noatime /dev/vdd1 mounted
# What lies in the extents of new volumes is not zeros.
tr '\\0' '\\245' </dev/zero | dd of=/dev/vde bs=1M count=200 iflag=fullblock status=none
{ pvcreate -y /dev/vde; vgcreate vg0 /dev/vde; lvcreate -y -L 8M -n data vg0; lvcreate -y -L 64M -T -n pool vg0; } >/dev/null
mkswap -q /dev/vdf
swapon /dev/vdf
printf 'right one' >passphrase
cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vdg passphrase
cryptsetup open --key-file passphrase /dev/vdg opened
modprobe raid1
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --assume-clean /dev/vdh /dev/vdi >/dev/null 2>&1
make_ext4 /dev/vdj
blockdev --setro /dev/vdj
make_ext4 /dev/vdl
mount -o noatime /dev/vdl /boot
make_ext4 /dev/vdm
truncate -s 48M loop.img
losetup --find loop.img
sync
udevadm settle
hashes() { for target in ${wrong.map(([, target]) => target).join(' ')}; do b2sum $target; done; }
echo '${refused}' >refused.json
# One of them is changed by others between plan and restore, from this to what its hash is of.
dd if=/dev/vdm of=was bs=512 count=1 status=none
echo other | dd of=/dev/vdm bs=512 conv=notrunc status=none
hashes >/share/hashes.before
dd if=was of=/dev/vdm bs=512 count=1 conv=notrunc status=none
driver refused.json /share/refused.json
hashes >/share/hashes.after
code=0
hf restore latest /dev/vdd --force >/share/command 2>&1 || code=$?
echo $code >>/share/command

say larger
printf 'label: gpt\\nsize=5M\\nsize=6M\\nsize=7M' | sfdisk -q /dev/vdc
udevadm settle
hf restore latest /dev/vdc --force --grow --verify --json >/share/larger.json
ls /sys/block/vdc | grep ^vdc | xargs >/share/larger.partitions
cat /sys/block/vdc/vdc2/size >/share/larger.sectors
ls /dev/vdc1 /dev/vdc2 | xargs >/share/larger.nodes
sgdisk -v /dev/vdc >/share/larger.sgdisk 2>&1
e2fsck -fn /dev/vdc1 >/share/larger.fsck 2>&1 && e2fsck -fn /dev/vdc2 >>/share/larger.fsck 2>&1 || echo failed >>/share/larger.fsck
{ e2fsck -f -p /dev/vdc2 && resize2fs /dev/vdc2; } >/share/larger.resize 2>&1
mount -o ro /dev/vdc2 inside
b2sum <inside/data >/share/larger.data
df --output=size -B1 inside | tail -1 >/share/larger.room
umount inside

say volumes
# The first 16 MiB take what is written, the rest fails like a disk that is worn out.
dmsetup create failing <<END
0 32768 linear /dev/vdn 0
32768 65536 error
END
echo '${restored}' >restored.json
driver restored.json /share/restored.json
cmp /dev/vda /dev/vg0/new >/share/new.cmp 2>&1
cmp /dev/vda /dev/vg0/thin >/share/thin.cmp 2>&1
lvs --noheadings -o lv_name,lv_size,lv_tags --units b --nosuffix vg0 | awk '{ print $1, $2, $3 }' >/share/volumes
lvs --noheadings -o data_percent vg0/thin | tr -d ' ' >/share/thin.used
dmsetup remove failing
head -c 5M /dev/urandom >small.img
asking() {
  rm -rf /srv/helper
  lvremove -q -y vg0/asked >/dev/null 2>&1 || true
  ${node} ${root}/test/support/newVolumeDriver.ts /srv/helper small.img vg0 >/share/helper.json
}
asking
cmp -n 5242880 small.img /dev/vg0/asked >/share/asked.cmp 2>&1
lvremove -q -y vg0/new >/dev/null

say killed
${bare} restore latest lvm:vg0/killed --limit-download 2M >/dev/null 2>&1 &
victim=$!
for i in $(seq 200); do ! lvs vg0/killed >/dev/null 2>&1 || break; sleep 0.2; done
kill -9 $victim
wait $victim || true
hf doctor --json >/share/doctor.json
hf restore latest lvm:vg0/killed >/share/killed 2>&1 || true
lvremove -q -y vg0/killed >/dev/null

say full
lvcreate -q -y -W n -Z n -l 100%FREE -n rest vg0 >/dev/null
code=0
hf restore latest lvm:vg0/more >/share/full 2>&1 || code=$?
echo $code >>/share/full

say unplugged
${bare} restore latest /dev/vdn --force --limit-download 4M >/share/unplugged 2>&1 &
victim=$!
before=$(awk '{ print $7 }' /sys/block/vdn/stat)
for i in $(seq 600); do [ "$(awk '{ print $7 }' /sys/block/vdn/stat)" = "$before" ] || break; sleep 0.1; done
echo 1 >"$(readlink -f /sys/block/vdn/device)/../remove"
code=0
wait $victim || code=$?
echo $code >>/share/unplugged
say end
`

describe.skipIf(noVm !== undefined)('targets of a restore', () => {
  let vm: VmResult
  const text = (name: string) => vm.files[name]?.toString('utf8') ?? `no ${name}`
  const json = (name: string) => JSON.parse(text(name))
  beforeAll(async () => {
    const sizes = { a: '40M', b: '96M', c: '120M', e: '200M', k: '24M' } as Record<string, string>
    const disks = [...'abcdefghijklmn'].map(letter => sizes[letter] ?? '48M')
    vm = await inVm(script, { disks, seconds: 900 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  })

  test.each(wrong)('that is wrong (%s) is refused in its own words', (name, _, exitCode, code, message) => {
    const outcome = json('refused.json')[name]
    expect(outcome).toMatchObject({ exitCode, code, message: expect.stringContaining(message) })
    expect(outcome.advice).toMatch(/\S+\.$/)
  })

  test('no message is that of another', () => {
    const messages = Object.values<{ message: string }>(json('refused.json')).map(({ message }) => message)
    expect(new Set(messages).size).toBe(wrong.length)
  })

  test('what is refused keeps every byte', () => {
    expect(text('hashes.before').trim().split('\n')).toHaveLength(wrong.length)
    expect(text('hashes.after')).toBe(text('hashes.before'))
  })

  test('the command line says it, too', () => {
    expect(text('command')).toContain('/dev/vdd1 on /dev/vdd is mounted at /run/tmp/mounted.')
    expect(text('command').trim().split('\n').at(-1)).toBe('77')
  })

  test('a larger disk gets its table fitted, and the kernel sees the partitions at once', () => {
    expect(json('larger.json')).toMatchObject({
      verified: true,
      damaged: [],
      warnings: [],
      table: {
        moved: true,
        grown: {
          partition: 2,
          oldSizeBytes: 24 * mib,
          sizeBytes: 109 * mib,
          fileSystem: 'ext4',
          command: 'e2fsck -f /dev/vdc2 && resize2fs /dev/vdc2',
        },
      },
    })
    expect(text('larger.partitions').trim()).toBe('vdc1 vdc2')
    expect(Number(text('larger.sectors')) * 512).toBe(109 * mib)
    expect(text('larger.nodes').trim()).toBe('/dev/vdc1 /dev/vdc2')
    expect(text('larger.sgdisk')).toContain('No problems found.')
  })

  test('its file systems are sound, and grow by what was said', () => {
    expect(text('larger.fsck')).not.toContain('failed')
    expect(text('larger.data')).toBe(text('data.before'))
    expect(Number(text('larger.room'))).toBeGreaterThan(80 * mib)
  })

  test('a new volume holds every byte, also where zeros are and something else was', () => {
    expect(json('restored.json').new.result).toMatchObject({ target: '/dev/vg0/new', verified: true, damaged: [] })
    expect([text('new.cmp'), text('thin.cmp')]).toEqual(['', ''])
  })

  test('a new thin volume takes no room for what is empty', () => {
    expect(json('restored.json').thin.result).toMatchObject({ target: '/dev/vg0/thin', verified: true })
    expect(Number(text('thin.used'))).toBeLessThan(60)
  })

  test('volumes that could not be made, or were broken off, leave nothing, and no mark stays', () => {
    const outcomes = json('restored.json')
    expect(outcomes.again).toMatchObject({ exitCode: 73, code: 'target.exists' })
    expect(outcomes.nowhere).toMatchObject({
      exitCode: 66,
      code: 'target.notFound',
      advice: expect.stringContaining('vg0'),
    })
    expect(outcomes['broken off']).toMatchObject({ exitCode: 130, code: 'run.cancelled' })
    const size = 40 * mib
    const volumes = text('volumes').trim().split('\n')
    expect(volumes.map(line => line.trimEnd()).sort()).toEqual([
      `data ${8 * mib}`,
      `new ${size}`,
      `pool ${64 * mib}`,
      `thin ${size}`,
    ])
  })

  test('only what differs is written to a device that holds the version already', () => {
    const { result } = json('restored.json').delta
    expect(result).toMatchObject({ verified: true, damaged: [] })
    expect(result.writtenBytes).toBeLessThan(4 * mib)
    expect(result.skippedBytes).toBeGreaterThan(8 * mib)
  })

  test('a disk that fails is named, with the place', () => {
    const { failing } = json('restored.json')
    expect(failing).toMatchObject({ exitCode: 74, code: 'target.writeFailed' })
    expect(failing.message).toMatch(/\/dev\/mapper\/failing cannot be \w+ at byte \d+ \(\d+ bytes\): EIO\./)
  })

  test('a disk that is unplugged is told from one that fails', () => {
    expect(text('unplugged')).toContain('/dev/vdn was disconnected while it was being written.')
    expect(text('unplugged').trim().split('\n').at(-1)).toBe('74')
  })

  test('a volume that a killed restore has left is known for what it is', () => {
    const { checks } = json('doctor.json') as { checks: { check: string; status: string; message: string }[] }
    const found = checks.find(({ check }) => check === 'unfinishedVolumes')
    expect(found).toMatchObject({ status: 'warning', message: expect.stringContaining('vg0/killed') })
    expect(text('killed')).toContain('begun by a restore that has not finished')
  })

  test('the helper offers groups and pools, asks for the right to configure, and makes the volume', () => {
    const { groups, plan, run, asked, taken } = json('helper.json')
    expect(groups).toMatchObject([{ name: 'vg0', refusal: null, pools: [{ name: 'pool', refusal: null }] }])
    expect(plan).toMatchObject({
      target: { kind: 'newVolume', group: 'vg0', name: 'asked', path: '/dev/vg0/asked', sizeBytes: 8 * mib },
      before: { sizeBytes: 0 },
      after: { sizeBytes: 8 * mib },
    })
    expect(asked).toMatchObject([{ action: 'configure', volume: 'vg0/asked' }])
    expect(run).toMatchObject({
      state: 'complete',
      outcome: { kind: 'restore', target: '/dev/vg0/asked', verified: true, table: null },
    })
    expect(text('asked.cmp')).toBe('')
    expect(taken).toEqual({ code: 'target.exists' })
  })

  test('a group without room says how much is missing', () => {
    expect(text('full')).toContain('The volume group vg0 has 0 bytes free')
    expect(text('full').trim().split('\n').at(-1)).toBe('74')
  })
})
