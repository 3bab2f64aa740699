import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/** The commands of docs/rebuild.md, as they stand there. */
function commandsOfThePage(): string {
  const page = readFileSync(join(root, 'docs/rebuild.md'), 'utf8')
  return [...page.matchAll(/^```sh\n([^`]*)^```$/gm)].map(match => match[1]).join('')
}

/**
 * One boot: the machine's disk /dev/vda is made and backed up, volume by volume, into a repository in memory. Then the disk is taken
 * out, and on /dev/vdb, which is blank, the machine is rebuilt by the page.
 */
const script = `
set -eu
cd /run/tmp
export HOLDFAST_REPO=/run/tmp/repository HOLDFAST_KEY_FILE=/run/tmp/key HOLDFAST_STATE_DIR=/run/tmp/state
export LC_ALL=C
say() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
# Without compilers: under emulation they take longer than they save. Node was seen to fall over itself there (SIGTRAP in V8), which
# says nothing about us; what it was doing may be done again.
holdfast() {
  for try in 1 2 3; do
    code=0
    ${root}/test/vm/machine/node.sh ${root}/engine/cli/main.ts --quiet "$@" </dev/null || code=$?
    [ $code -ge 128 ] || break
  done
  return $code
}
head -c 64 /dev/urandom >key
printf 'right one\\n' >passphrase
# Typed by a person.
cryptsetup() { command cryptsetup "$@" <passphrase; }

identities() { # DISK
  blkid -p -s UUID -s LABEL -s TYPE -s PART_ENTRY_UUID -s PART_ENTRY_NAME -o export \${1}1 \${1}2 /dev/mapper/crypt /dev/vg0/root /dev/vg0/home /dev/vg0/swap |
    grep -v DEVNAME
  vgs --noheadings -o vg_name,vg_uuid vg0
  lvs --noheadings -o lv_name,lv_uuid,lv_size,seg_start_pe,seg_size_pe vg0
  pvs --noheadings -o pv_uuid,pe_start /dev/mapper/crypt
  sfdisk --dump $1 | sed "s,$1,DISK,g"
}

say disk
printf 'label: gpt\\nsize=32M,name=boot\\nsize=220M,name="all the rest"\\n' | sfdisk -q /dev/vda
udevadm settle
command cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vda2 <passphrase
cryptsetup open /dev/vda2 crypt
{ pvcreate /dev/mapper/crypt
vgcreate vg0 /dev/mapper/crypt
lvcreate -y -L 64M -n root vg0
lvcreate -y -L 32M -n home vg0
lvcreate -y -L 16M -n swap vg0
lvextend -L 80M vg0/root; } >/dev/null
udevadm settle
mkswap -q /dev/vg0/swap
mkfs.ext4 -q -L boot /dev/vda1
mkfs.ext4 -q -L root /dev/vg0/root
mkfs.ext4 -q /dev/vg0/home
for volume in /dev/vda1 /dev/vg0/root /dev/vg0/home; do
  mkdir -p on
  mount $volume on
  mkdir on/etc
  cp -r ${root}/engine/recipe on/etc
  echo $volume >on/etc/name
  echo "UUID=$(blkid -s UUID -o value /dev/vg0/root) / ext4 defaults 0 1" >on/etc/fstab
  echo "crypt UUID=$(blkid -s UUID -o value /dev/vda2) none luks" >on/etc/crypttab
  (cd on && find . -type f -print0 | sort -z | xargs -0 sha256sum) >before-$(basename $volume)
  umount on
done
# Those of the running system are the machine's.
mount /dev/vg0/root on
cp on/etc/fstab on/etc/crypttab /etc
umount on
identities /dev/vda >/share/identities-before
sha256sum before-* >/share/files-before

say backup
holdfast init
holdfast backup /dev/vda1 --name boot
holdfast backup /dev/vg0/home --name home
holdfast backup /dev/vg0/root --name root --json >/share/backup.json 2>/dev/null
holdfast show root:latest --json >/share/shown.json
ls -A /run /run/holdfast 2>/dev/null | grep holdfast-recipe >/share/left || true

say lost
swap=$(blkid -s UUID -o value /dev/vg0/swap)
luks=$(blkid -s UUID -o value /dev/vda2)
member=$(pvs --noheadings -o pv_uuid /dev/mapper/crypt | tr -d ' ')
vgchange -an vg0 >/dev/null
cryptsetup close crypt
basename "$(readlink -f /sys/block/vda/device)" >/sys/bus/virtio/drivers/virtio_blk/unbind
udevadm settle
[ ! -e /sys/block/vda ]
sed -i "s/SWAP_UUID/$swap/; s/LUKS_UUID/$luks/; s/PV_UUID/$member/" /share/page.sh

say rebuild
set -x
. /share/page.sh >/share/page-output 2>&1
set +x
umount /mnt
say judge
identities /dev/vdb >/share/identities-after
for volume in /dev/vdb1 /dev/vg0/root /dev/vg0/home; do
  e2fsck -fn $volume
  mount -o ro $volume on
  name=$(basename $volume)
  (cd on && find . -type f -print0 | sort -z | xargs -0 sha256sum) >before-\${name/vdb/vda}
  umount on
done
sha256sum before-* >/share/files-after
find recipe -type f -printf '%m %P\\n' | sort >/share/recipe-files
say end
`

describe.skipIf(noVm !== undefined)('a machine whose disk is lost', () => {
  let vm: VmResult
  const text = (name: string) => vm.files[name]?.toString('utf8') ?? `no ${name}`
  beforeAll(async () => {
    const files = { 'page.sh': commandsOfThePage() }
    vm = await inVm(script, { disks: ['280M', '280M'], seconds: 800, files })
    expect(vm.exitCode, `${vm.output}\n${text('page-output')}\n${vm.console}`).toBe(0)
  })

  test('is rebuilt by the page, from a recipe and versions of its volumes: all identities are the old ones', () => {
    expect(text('identities-before')).toContain('TYPE=crypto_LUKS')
    expect(text('identities-after')).toBe(text('identities-before'))
  })

  test('holds the files that it held', () => {
    expect(text('files-before').split('\n')).toHaveLength(4)
    expect(text('files-after')).toBe(text('files-before'))
  })

  test('had been described with the version', () => {
    expect(JSON.parse(text('backup.json'))).toMatchObject({ status: 'complete', warnings: [] })
    const { recipe } = JSON.parse(text('shown.json'))
    expect(recipe).toMatchObject({
      problem: null,
      content: {
        disks: [{ path: '/dev/vda', table: 'gpt', partitions: [{ name: 'boot' }, { name: 'all the rest' }] }],
        encrypted: [{ path: '/dev/vda2', version: '2', headerBytes: 16 * 1024 * 1024 }],
        groups: [
          {
            name: 'vg0',
            members: [{ path: '/dev/mapper/crypt' }],
            volumes: [
              { name: 'home' },
              { name: 'root', sizeBytes: 80 * 1024 * 1024, layout: 'linear' },
              { name: 'swap' },
            ],
          },
        ],
        notes: [],
      },
    })
    expect(recipe.content.fstab).toMatch(/^UUID=\S+ \/ ext4/)
    expect(recipe.content.crypttab).toMatch(/^crypt UUID=/)
    const systems = recipe.content.fileSystems.map((one: { path: string; type: string }) => `${one.path} ${one.type}`)
    expect(systems.sort()).toEqual([
      '/dev/mapper/vg0-home ext4',
      '/dev/mapper/vg0-root ext4',
      '/dev/mapper/vg0-swap swap',
      '/dev/vda1 ext4',
    ])
  })

  test('leaves nothing of its headers on the way, and gives files to their owner alone', () => {
    expect(text('left')).toBe('')
    const files = text('recipe-files').trim().split('\n')
    expect(files.every(line => line.startsWith('600 '))).toBe(true)
    expect(files.map(line => line.slice(4).replace(/[0-9a-f-]{36}/, 'UUID'))).toEqual(
      expect.arrayContaining(['disks/vda.sfdisk', 'luks/UUID.header', 'lvm/vg0.vgcfg', 'recipe.json']),
    )
  })
})
