import { expect, test } from 'vitest'
import { recipeText } from '../../../engine/cli/recipeText.ts'
import type { MachineRecipe, ShownRecipe } from '../../../engine/contract/recipe.ts'

const mib = 1024 * 1024
const content: MachineRecipe = {
  computer: { name: 'anna', system: 'Debian GNU/Linux 12', kernel: '6.1.0', architecture: 'x86_64', boot: 'efi' },
  disks: [
    {
      path: '/dev/sda',
      sizeBytes: 300 * mib,
      model: 'Fast One',
      serial: 'S\u001b[31m1',
      table: 'dos',
      tableId: '0x12345678',
      sectorBytes: 512,
      partitions: [
        {
          path: '/dev/sda1',
          offset: mib,
          length: 100 * mib,
          type: '83',
          uuid: '12345678-01',
          name: null,
          bootable: true,
        },
        { path: '/dev/sda2', offset: 101 * mib, length: mib, type: 'f7', uuid: null, name: null, bootable: false },
      ],
    },
    {
      path: '/dev/sdb',
      sizeBytes: 10 * mib,
      model: null,
      serial: null,
      table: null,
      tableId: null,
      sectorBytes: null,
      partitions: [],
    },
  ],
  encrypted: [
    { path: '/dev/sda1', uuid: 'aaaa', version: '2', headerBytes: 16 * mib },
    { path: '/dev/sdb', uuid: null, version: null, headerBytes: null },
  ],
  groups: [
    {
      name: 'vg0',
      uuid: 'O2XgNq',
      sizeBytes: 64 * mib,
      extentBytes: 4 * mib,
      members: [
        { path: '/dev/mapper/one', uuid: 'WQu1G7' },
        { path: '/dev/mapper/two', uuid: 'KLXOKc' },
      ],
      volumes: [
        { name: 'pool', uuid: '1', sizeBytes: 32 * mib, layout: 'thin,pool', pool: null },
        { name: 'thin', uuid: '2', sizeBytes: 99 * mib, layout: 'thin,sparse', pool: 'pool' },
      ],
    },
  ],
  arrays: ['ARRAY /dev/md0 UUID=1'],
  fileSystems: [{ path: '/dev/vg0/thin', type: 'ext4', uuid: 'bbbb', label: 'data', sizeBytes: 99 * mib }],
  fstab: '# comment\n\nUUID=bbbb / ext4 defaults 0 1\n',
  crypttab: null,
  notes: ['What the firmware boots is missing: The program efibootmgr is not installed.'],
}
const shown: ShownRecipe = {
  sizeBytes: 17 * mib,
  files: [{ name: 'recipe.json', sizeBytes: 1 }],
  content,
  problem: null,
}

test('a recipe is shown in words and tables, and nothing in it moves the cursor', () => {
  expect(recipeText(shown, undefined)).toBe(`
Machine recipe (1 file, 17 MiB)
  Computer  anna
  System    Debian GNU/Linux 12
  Kernel    6.1.0 (x86_64)
  Boots by  EFI

Disk /dev/sda (300 MiB, Fast One, serial S?[31m1)
  Table  DOS, id 0x12345678; sectors of 512 bytes
  Partition  Begins at byte     Size  Type             UUID
  /dev/sda1       1,048,576  100 MiB  Linux, bootable  12345678-01
  /dev/sda2     105,906,176    1 MiB  f7

Disk /dev/sdb (10 MiB)
  no partition table that is known

Encrypted volumes
  Device     Kind   UUID  Header
  /dev/sda1  LUKS2  aaaa  kept, 16 MiB
  /dev/sdb   LUKS         missing

Volume group vg0 (64 MiB)
  UUID     O2XgNq
  Members  /dev/mapper/one (UUID WQu1G7)
           /dev/mapper/two (UUID KLXOKc)
  Volume    Size  Kind
  pool    32 MiB  thin,pool
  thin    99 MiB  thin,sparse, in pool

RAID arrays
  ARRAY /dev/md0 UUID=1

File systems and swap
  Device         Type    Size  UUID  Label
  /dev/vg0/thin  ext4  99 MiB  bbbb  data

/etc/fstab
  UUID=bbbb / ext4 defaults 0 1

Not in the recipe, or not shown
  What the firmware boots is missing: The program efibootmgr is not installed.
`)
})

test('its tables fit a terminal', () => {
  const lines = recipeText(shown, 60).split('\n')
  const tables = lines.filter(line => /^ {2}\/dev/.test(line))
  expect(tables.length).toBeGreaterThan(4)
  for (const line of tables) expect(line.length).toBeLessThanOrEqual(60)
})

test('one that cannot be read says why', () => {
  const text = recipeText({ ...shown, content: null, problem: 'It is damaged: a block is lost.' }, 80)
  expect(text).toBe('\nMachine recipe (1 file, 17 MiB)\n  It is damaged: a block is lost.\n')
})
