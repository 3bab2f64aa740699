import { readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { SystemDevice } from '../../../engine/base/linux/systemRecord.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { ShownRecipe } from '../../../engine/contract/recipe.ts'
import type { Machine } from '../../../engine/recipe/machine.ts'
import { showRecipe } from '../../../engine/recipe/readRecipe.ts'
import { startRecipe } from '../../../engine/recipe/recipeRun.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** What programs printed on a machine of Debian 12: /dev/vda with a boot partition and, encrypted, a volume group. */
const recorded = (name: string) => readFileSync(join(import.meta.dirname, 'recorded', name))

const device = (name: string, id: string, kind: SystemDevice['kind'], label: string, ...restsOn: string[]) => ({
  ...{ name, id, kind, label, restsOn },
  sizeBytes: 1 << 20,
  readOnly: false,
})
const devices: SystemDevice[] = [
  device('vda', '254:0', 'disk', 'vda'),
  device('vda1', '254:1', 'partition', 'vda1', 'vda'),
  device('vda2', '254:2', 'partition', 'vda2', 'vda'),
  device('dm-0', '253:0', 'crypt', 'crypt', 'vda2'),
  device('dm-1', '253:1', 'lvm', 'vg0-root', 'dm-0'),
  device('dm-2', '253:2', 'lvm', 'vg0-home', 'dm-0'),
  device('dm-3', '253:3', 'lvm', 'vg0-swap', 'dm-0'),
]

const folder = useTemporaryFolder()
type Program = (args: readonly string[]) => Promise<Buffer> | Buffer
let programs: Record<string, Program>

const fileIn = (args: readonly string[], option: string) => args[args.indexOf(option) + 1]!

/** As blkid does it: it ends at the first device that has nothing on it. */
function probed(paths: readonly string[], empty?: string): Buffer {
  const paragraphs = recorded('blkid.txt')
    .toString()
    .split(/\n{2,}/)
  const found: string[] = []
  for (const path of paths) {
    const paragraph = paragraphs.find(one => one.includes(`DEVNAME=${path}\n`))
    if (paragraph === undefined || path === empty) break
    found.push(paragraph)
  }
  return Buffer.from(found.join('\n\n'))
}

beforeEach(async () => {
  await mkdir(join(folder.path, 'etc'))
  await writeFile(join(folder.path, 'etc/fstab'), 'UUID=1 / ext4 defaults 0 1\n', { mode: 0o644 })
  await writeFile(join(folder.path, 'etc/os-release'), 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
  programs = {
    blkid: args => probed(args.slice(3)),
    lsblk: () => recorded('lsblk.json.txt'),
    sfdisk: ([option]) => recorded(option === '--dump' ? 'vda.sfdisk' : 'vda.json.txt'),
    pvs: () => recorded('pvs.json.txt'),
    vgs: () => recorded('vgs.json.txt'),
    lvs: () => recorded('lvs.json.txt'),
    vgcfgbackup: async args => {
      await writeFile(fileIn(args, '--file'), recorded('vg0.vgcfg'))
      return Buffer.alloc(0)
    },
    cryptsetup: async args => {
      // As it leaves it.
      await writeFile(fileIn(args, '--header-backup-file'), Buffer.alloc(5000, 'LUKS'), { mode: 0o400 })
      return Buffer.alloc(0)
    },
  }
})

const machineWith =
  (identify: Machine['identify'] = async () => identity) =>
  (signal: AbortSignal): Machine => ({
    signal,
    etc: join(folder.path, 'etc'),
    readSystem: async () => ({ devices, mounts: [], swaps: [] }),
    identify,
    run: async (program, args) => {
      const run = programs[program]
      if (run) return await run(args)
      throw new HoldfastError('config.invalid', `The program ${program} is not installed.`)
    },
    withPrivateFile: use => use(join(folder.path, `private-${Math.random()}`)),
  })
const identity = {
  kind: 'device' as const,
  realPath: '/dev/dm-1',
  fileSystemId: '0:5',
  inode: '1',
  deviceId: '253:1',
  sizeBytes: 0,
}

async function recipeOf(options: Parameters<typeof startRecipe>[1] = {}): Promise<ShownRecipe & { bytes: Buffer }> {
  await using run = startRecipe('/dev/vg0/root', { machine: machineWith(), ...options })
  const bytes = Buffer.from(await run.archive)
  const shown = await showRecipe(async ({ offset, length }) => bytes.subarray(offset, offset + length), bytes.length)
  return { ...shown, bytes }
}

describe('a recipe', () => {
  test('leaves out the snapshots that the backup itself has made', async () => {
    const snapshot = { ...devices.find(({ name }) => name === 'dm-1')!, name: 'dm-9', id: '253:9' }
    devices.push({ ...snapshot, label: 'vg0-holdfast_92953050_24f2b7fc' })
    try {
      const paragraph = 'DEVNAME=/dev/mapper/vg0-holdfast_92953050_24f2b7fc\nUUID=1\nTYPE=ext4\n'
      programs.blkid = args => (args[3]!.includes('holdfast_') ? Buffer.from(paragraph) : probed(args.slice(3)))
      const { content } = await recipeOf()
      expect(content?.fileSystems.filter(({ path }) => path.includes('holdfast_'))).toEqual([])
      expect(content?.fileSystems.length).toBeGreaterThan(1)
    } finally {
      devices.pop()
    }
  })

  test('does not end at a device that has nothing on it', async () => {
    programs.blkid = args => probed(args.slice(3), '/dev/mapper/vg0-home')
    const { content } = await recipeOf()
    expect(content?.fileSystems.map(({ path }) => path)).not.toContain('/dev/mapper/vg0-home')
    expect(content?.disks).toMatchObject([{ path: '/dev/vda', table: 'gpt' }])
    expect(content?.encrypted).toHaveLength(1)
  })

  test('says all of a machine around one of its volumes', async () => {
    const { content, files, problem } = await recipeOf()
    expect(problem).toBeNull()
    expect(files.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^luks\/[0-9a-f-]{36}\.header$/),
      'blkid.txt',
      'disks/vda.sfdisk',
      'etc/fstab',
      'etc/os-release',
      'lsblk.json',
      'lvm/lvs.json',
      'lvm/pvs.json',
      'lvm/vg0.vgcfg',
      'lvm/vgs.json',
      'recipe.json',
    ])
    expect(content).toMatchObject({
      computer: { system: 'Debian GNU/Linux 12 (bookworm)' },
      disks: [
        {
          path: '/dev/vda',
          table: 'gpt',
          sectorBytes: 512,
          partitions: [
            { path: '/dev/vda1', offset: 1 << 20, length: 32 << 20, name: 'boot' },
            { path: '/dev/vda2', offset: 33 << 20, length: 220 << 20, name: 'all the rest' },
          ],
        },
      ],
      encrypted: [{ path: '/dev/vda2', version: '2', headerBytes: 5000 }],
      groups: [{ name: 'vg0', extentBytes: 4 << 20, members: [{ path: '/dev/mapper/crypt' }] }],
      fstab: 'UUID=1 / ext4 defaults 0 1\n',
      crypttab: null,
      arrays: [],
      notes: [],
    })
    expect(content?.groups[0]?.volumes.map(volume => [volume.name, volume.sizeBytes >> 20, volume.pool])).toEqual([
      ['home', 32, null],
      ['root', 80, null],
      ['swap', 16, null],
    ])
    expect(content?.fileSystems.map(({ path, type, label }) => [path, type, label])).toEqual([
      ['/dev/mapper/vg0-root', 'ext4', 'root'],
      ['/dev/mapper/vg0-home', 'ext4', null],
      ['/dev/mapper/vg0-swap', 'swap', 'breath'],
      ['/dev/vda1', 'ext4', 'boot'],
    ])
  })

  test('is the same as long as the machine is', async () => {
    expect((await recipeOf()).bytes.equals((await recipeOf()).bytes)).toBe(true)
  })

  test('never shows a header', async () => {
    const { content } = await recipeOf()
    expect(JSON.stringify(content)).not.toContain('LUKSLUKS')
  })

  test('does without programs that are missing, fail or talk nonsense, and says which', async () => {
    delete programs.sfdisk
    programs.cryptsetup = () => {
      throw new HoldfastError('source.readFailed', 'cryptsetup failed with exit code 1: no luck.')
    }
    programs.vgs = () => Buffer.from('{"report": [{"vg": [{"vg_name": 7}]}]')
    programs.lsblk = () => Buffer.from('[]')
    const { content } = await recipeOf()
    expect(content).toMatchObject({ disks: [{ path: '/dev/vda', table: null }], groups: [] })
    expect(content?.encrypted).toMatchObject([{ headerBytes: null }])
    expect(content?.notes).toEqual([
      'What vgs says of LVM is not understood.',
      'The partition table of /dev/vda is missing: The program sfdisk is not installed.',
      'The LUKS header of /dev/vda2 is missing: cryptsetup failed with exit code 1: no luck.',
    ])
  })

  test('of a machine of which nothing can be had is still one', async () => {
    programs = {}
    const { content, files } = await recipeOf()
    expect(files.map(({ name }) => name)).toEqual(['etc/fstab', 'etc/os-release', 'recipe.json'])
    expect(content?.disks).toHaveLength(1)
    expect(content?.notes).toHaveLength(2)
    const unknown = await recipeOf({ machine: machineWith(async () => undefined) })
    expect(unknown.content?.notes).toEqual(['The system does not know what /dev/vg0/root lies on.'])
  })

  test('keeps a file that only root may read and does not show it', async () => {
    await chmod(join(folder.path, 'etc/fstab'), 0o600)
    const { content, files } = await recipeOf()
    expect(content?.fstab).toBeNull()
    expect(content?.notes).toEqual([expect.stringMatching(/fstab is kept and not shown/)])
    expect(files.map(({ name }) => name)).toContain('etc/fstab')
  })

  test('leaves out texts and headers that are too big', async () => {
    await writeFile(join(folder.path, 'etc/fstab'), Buffer.alloc(1024 * 1024 + 1, '#'))
    programs.cryptsetup = async args => {
      await writeFile(fileIn(args, '--header-backup-file'), Buffer.alloc(32 * 1024 * 1024 + 1))
      return Buffer.alloc(0)
    }
    const { content, sizeBytes } = await recipeOf()
    expect(sizeBytes).toBeLessThan(1024 * 1024)
    expect(content?.fstab).toBeNull()
    expect(content?.notes).toHaveLength(2)
  })
})

describe('time', () => {
  test('that runs out leaves what was there by then', async () => {
    programs.lsblk = () => new Promise(() => undefined)
    const { content } = await recipeOf({ mostMs: 300 })
    expect(content?.fileSystems).toHaveLength(4)
    expect(content?.disks).toEqual([])
    expect(content?.notes).toEqual([expect.stringContaining('took longer than 0.3 s')])
  }, 60_000)

  test('is not needed any more when the backup is cancelled', async () => {
    const asked = Promise.withResolvers<void>()
    programs.lsblk = () => {
      asked.resolve()
      return new Promise(() => undefined)
    }
    const stopper = new AbortController()
    const run = startRecipe('/dev/vg0/root', { machine: machineWith(), signal: stopper.signal })
    await asked.promise
    stopper.abort()
    expect((await run.archive).length).toBeGreaterThan(0)
  })
})
