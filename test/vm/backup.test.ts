import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/**
 * One boot for all: volumes of real LVM that are mounted and written to all the while are backed up by the command line, again after
 * more was written, restored onto an empty disk, and held against what they were at the moment of the snapshot.
 */
const script = `
set -eu
cd /run/tmp
. ${root}/test/support/tree.sh
export HOLDFAST_STATE_DIR=/run/tmp/state HOLDFAST_REPO=/run/tmp/repository HOLDFAST_KEY_FILE=/run/tmp/key
. ${root}/test/vm/machine/resident.sh
# Without compilers: under emulation they take longer than they save.
node() { ${root}/test/vm/machine/node.sh "$@" </dev/null; }
# NAME COMMAND…: what it prints, what it complains of and what it ends with.
run() {
  local name=$1 code=0
  shift
  hf "$@" --json >/share/$name.json 2>/share/$name.err || code=$?
  echo $code >/share/$name.code
}
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
snapshots() { lvs --noheadings -o lv_name,origin,lv_attr @holdfast | sort; }

say volumes
head -c 64 /dev/urandom >key
{ pvcreate /dev/vda
vgcreate vg0 /dev/vda
lvcreate -y -L 96M -n classic vg0
lvcreate -y -L 200M -T vg0/pool
lvcreate -y -V 96M -T -n thin vg0/pool
lvcreate -y -V 320M -T -n xthin vg0/pool; } >/dev/null
mkfs.ext4 -q /dev/vg0/classic
mkfs.ext4 -q /dev/vg0/thin
mkfs.xfs -q /dev/vg0/xthin
for name in classic thin xthin; do
  mkdir -p on/$name
  mount /dev/vg0/$name on/$name
  mkdir on/$name/still on/$name/busy
  make_tree on/$name/still
done
sync
hf init --json >/share/init.json
# What goes on all the while: numbers with their times, each durable before the next one.
scribble() {
  n=0
  while [ -e scribbling ]; do
    for name in classic thin xthin; do
      echo "$n $(date +%s%N)" >>on/$name/busy/log
      sync on/$name/busy/log
    done
    n=$((n + 1))
    sleep 0.1
  done
}
touch scribbling
scribble &
scribbler=$!

for name in classic thin xthin; do
  say first $name
  run $name-1 backup /dev/vg0/$name --name $name
  # In one piece, so that blocks hold little else.
  dd if=/dev/urandom of=on/$name/still/more bs=1M count=6 conv=fsync status=none
  rm on/$name/still/home/anna/numbers
  sync -f on/$name
  manifest on/$name/still >/share/$name.before
  say second $name
  run $name-2 backup /dev/vg0/$name --name $name
  # Nothing of this is in the second version.
  echo late >on/$name/still/late
done
snapshots >/share/kept
run tracking tracking

say killed
# By what changed since, slowly, so that there is time.
dd if=/dev/urandom of=on/classic/still/more bs=1M count=8 conv=fsync status=none
node ${root}/engine/cli/main.ts backup /dev/vg0/classic --name classic --limit-read 200K --json >/dev/null 2>&1 &
for i in $(seq 100); do [ $(snapshots | grep -c ' classic ') -lt 2 ] || break; sleep 0.1; done
sleep 2
kill -9 $(pgrep -f 'cli/main.ts.*--limit-read')
wait $! || true
snapshots >/share/after-kill
run classic-3 backup /dev/vg0/classic --name classic
snapshots >/share/after-next

say overflow
# A kept snapshot that has less room than is written costs a full read.
run small backup /dev/vg0/classic --name classic --snapshot-size 8M
dd if=/dev/urandom of=on/classic/still/much bs=1M count=14 conv=fsync status=none
run overflowed backup /dev/vg0/classic --name classic --no-tracking
snapshots >/share/after-overflow
# One that overflows while it is read gives no version.
hf versions --json >/share/versions-before.json
run overflowing backup /dev/vg0/classic --name classic --snapshot-size 8M --no-tracking --limit-read 3M &
for i in $(seq 100); do [ $(snapshots | grep -c ' classic ') -lt 1 ] || break; sleep 0.1; done
dd if=/dev/urandom of=on/classic/still/much bs=1M count=14 conv=fsync,notrunc status=none
wait $! || true
hf versions --json >/share/versions-after.json
snapshots >/share/after-overflowing

say refused
run refused backup /dev/vg0/thin --name thin --no-snapshot
run in-use backup /dev/vg0/thin --name other --no-snapshot --while-in-use

say forget
run forget-dry tracking forget --all
run forget tracking forget --all --yes
snapshots >/share/after-forget
dmsetup status vg0-pool-tpool >/share/pool
rm scribbling
wait $scribbler

for name in classic thin xthin; do
  say restore $name
  version=$(sed 's/.*"version":"\\([0-9a-f]*\\)".*/\\1/' /share/$name-2.json)
  [ $name = xthin ] && target=/dev/vdc || target=/dev/vdb
  run $name-restore restore $version $target --force
  umount on/$name
  if [ $name = xthin ]; then
    # A frozen xfs has a log that is dirty and empty; its check wants to see it mounted once.
    mount -o nouuid $target on/$name && umount on/$name
    xfs_repair -n $target >/share/$name.fsck 2>&1 && echo clean >>/share/$name.fsck
    mount -o ro,nouuid $target on/$name
  else
    e2fsck -fn $target >/share/$name.fsck 2>&1 && echo clean >>/share/$name.fsck
    mount -o ro $target on/$name
  fi
  manifest on/$name/still >/share/$name.after
  cp on/$name/busy/log /share/$name.log
  umount on/$name
  [ $name != xthin ] || continue
  # What really differs between both versions, in pages of 4 KiB.
  first=$(sed 's/.*"version":"\\([0-9a-f]*\\)".*/\\1/' /share/$name-1.json)
  run $name-restore-1 restore $first first.img --sparse
  node ${root}/test/support/countDifferences.ts first.img $target >/share/$name.changed
  rm first.img
done
say end
`

describe.skipIf(noVm !== undefined)('volumes of LVM that are in use', () => {
  let vm: VmResult
  const text = (name: string) => vm.files[name]?.toString('utf8') ?? `no ${name}`
  const json = (name: string) => JSON.parse(text(`${name}.json`))
  const trouble = (name: string) => text(`${name}.json`) + text(`${name}.err`)
  const code = (name: string) => Number(text(`${name}.code`))
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['600M', '96M', '320M'], seconds: 900 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  })

  describe.each([
    ['classic', 'lvm-classic'],
    ['thin', 'lvm-thin'],
    ['xthin', 'lvm-thin'],
  ])('%s', (name, method) => {
    test('the first backup is consistent, though the volume is written to', () => {
      expect(code(`${name}-1`), trouble(`${name}-1`)).toBe(0)
      expect(json(`${name}-1`)).toMatchObject({ status: 'complete', consistency: 'consistent', warnings: [] })
    })

    test('the second one reads what changed', () => {
      expect(code(`${name}-2`), trouble(`${name}-2`)).toBe(0)
      const second = json(`${name}-2`)
      expect(second).toMatchObject({ method, status: 'complete', consistency: 'consistent', warnings: [] })
      const written = 6 * 1024 * 1024
      const changed = name === 'xthin' ? written : Number(text(`${name}.changed`))
      expect(changed).toBeGreaterThanOrEqual(written)
      expect(second.readBytes).toBeLessThan(3 * changed)
    })

    test('restored to an empty disk, it is sound and holds the files of that moment', () => {
      expect(code(`${name}-restore`), trouble(`${name}-restore`)).toBe(0)
      expect(text(`${name}.fsck`)).toMatch(/clean\n$/)
      expect(text(`${name}.after`)).toBe(text(`${name}.before`))
    })

    test('what was written meanwhile is there up to one moment, and nothing after it', () => {
      const lines = text(`${name}.log`).trimEnd().split('\n')
      lines.forEach((line, n) => {
        expect(line).toMatch(new RegExp(`^${n} [0-9]{19}$`))
      })
    })
  })

  test('one snapshot is kept of each volume, and listed with what it takes', () => {
    const origins = text('kept')
      .trim()
      .split('\n')
      .map(line => line.trim().split(/\s+/)[1])
    expect(origins.sort()).toEqual(['classic', 'thin', 'xthin'])
    const { volumes } = json('tracking')
    expect(volumes).toHaveLength(3)
    for (const { snapshots, repositories } of volumes) {
      expect(snapshots).toMatchObject([{ state: 'kept', isValid: true, usedBytes: expect.any(Number) }])
      expect(repositories).toHaveLength(1)
    }
  })

  const ofClassic = (name: string) =>
    text(name)
      .split('\n')
      .filter(line => line.includes(' classic ')).length

  test('what a killed run left is gone after the next one, which reads what changed', () => {
    expect(ofClassic('after-kill')).toBe(2)
    expect(code('classic-3'), trouble('classic-3')).toBe(0)
    expect(json('classic-3')).toMatchObject({ method: 'lvm-classic', status: 'complete', warnings: [] })
    expect(ofClassic('after-next')).toBe(1)
  })

  test('a kept snapshot that overflowed costs a full read, and that is told', () => {
    expect(code('small'), trouble('small')).toBe(0)
    expect(code('overflowed'), trouble('overflowed')).toBe(0)
    const { method, warnings } = json('overflowed')
    expect(method).not.toBe('lvm-classic')
    expect(warnings.join()).toContain('more was written to the volume')
    expect(ofClassic('after-overflow')).toBe(0)
  })

  test('a snapshot that overflows while it is read gives no version, and nothing is left of it', () => {
    expect(code('overflowing'), trouble('overflowing')).toBe(74)
    expect(json('overflowing')).toMatchObject({ error: { code: 'source.snapshotInvalid' } })
    expect(json('versions-after')).toEqual(json('versions-before'))
    expect(ofClassic('after-overflowing')).toBe(0)
  })

  test('a mounted volume without a snapshot is refused, unless that is wanted', () => {
    expect(code('refused')).toBe(77)
    expect(json('refused')).toMatchObject({ error: { code: 'source.inUse' } })
    expect(code('in-use'), trouble('in-use')).toBe(0)
    expect(json('in-use')).toMatchObject({ consistency: 'read-while-in-use' })
  })

  test('what is kept can be removed, and nothing of ours is left in the pool', () => {
    expect(json('forget-dry')).toMatchObject({ dryRun: true })
    expect(code('forget'), trouble('forget')).toBe(0)
    expect(text('after-forget').trim()).toBe('')
    // The seventh field behind the range and the type: no snapshot of the metadata is held.
    expect(text('pool').trim().split(/\s+/)[6]).toBe('-')
  })
})
