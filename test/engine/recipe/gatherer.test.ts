import { describe, expect, test } from 'vitest'
import type { MachineRecipe } from '../../../engine/contract/recipe.ts'
import { machineRecipeSchema } from '../../../engine/contract/recipe.ts'
import { bounded, Gatherer } from '../../../engine/recipe/gatherer.ts'
import { showRecipe } from '../../../engine/recipe/readRecipe.ts'

const computer = { name: 'anna', system: null, kernel: '6.1', architecture: 'x86_64', boot: 'efi' } as const
const shown = (archive: Buffer) =>
  showRecipe(async ({ offset, length }) => archive.subarray(offset, offset + length), archive.length)

describe('a gatherer', () => {
  test('gives the same archive in whatever order parts came, with the headers where they were before', () => {
    const parts: [folder: string, name: string, bytes: Buffer | string][] = [
      ['luks/', 'b.header', Buffer.alloc(2000, 2)],
      ['luks/', 'a.header', Buffer.alloc(1000, 1)],
      ['', 'blkid.txt', 'text'],
    ]
    const archiveOf = (list: typeof parts) => {
      const gatherer = new Gatherer(computer)
      for (const [folder, name, bytes] of list) expect(gatherer.add(folder, name, 'A part', bytes)).toBe(true)
      return gatherer.close()
    }
    const archive = archiveOf(parts)
    expect(archiveOf([...parts].reverse()).equals(archive)).toBe(true)
    const more = archiveOf([...parts, ['', 'a-new.txt', 'before the others']])
    expect(more.indexOf(Buffer.alloc(1000, 1))).toBe(archive.indexOf(Buffer.alloc(1000, 1)))
    expect(more.indexOf(Buffer.alloc(2000, 2))).toBe(archive.indexOf(Buffer.alloc(2000, 2)))
  })

  test('makes names fit, and keeps parts apart that would be called the same', async () => {
    const gatherer = new Gatherer(computer)
    for (const name of ['cciss!c0d0', 'cciss_c0d0', '../../etc/passwd', 'a...b', '-rf', 'x'.repeat(200)]) {
      expect(gatherer.add('disks/', name, 'A table', name)).toBe(true)
    }
    const { files, content, problem } = await shown(gatherer.close())
    expect(problem).toBeNull()
    expect(content?.notes).toEqual([])
    expect(files.map(({ name }) => name)).toEqual([
      'disks/2_cciss_c0d0',
      'disks/____etc_passwd',
      'disks/_rf',
      'disks/a_b',
      'disks/cciss_c0d0',
      `disks/${'x'.repeat(70)}`,
      'recipe.json',
    ])
  })

  test('leaves out what is too much, and says so', async () => {
    const gatherer = new Gatherer(computer)
    expect(gatherer.add('', 'big', 'The big part', Buffer.alloc(1024 * 1024 + 1))).toBe(false)
    expect(gatherer.add('luks/', 'header', 'The header', Buffer.alloc(1024 * 1024 + 1), 1 << 25)).toBe(true)
    for (const name of ['a', 'b']) gatherer.add('luks/', name, 'Another', Buffer.alloc(1 << 25), 1 << 25)
    const { files, content } = await shown(gatherer.close())
    expect(files.map(({ name }) => name)).toEqual(['luks/a', 'luks/header', 'recipe.json'])
    expect(content?.notes).toEqual([
      'The big part is left out: it is too much (1 MiB).',
      'Another is left out: it is too much (32 MiB).',
    ])
  })

  test('takes nothing any more once it is closed', () => {
    const gatherer = new Gatherer(computer)
    const archive = gatherer.close()
    gatherer.add('', 'late', 'Late', 'late')
    gatherer.note('late')
    expect(gatherer.close()).toBe(archive)
  })
})

describe('what is shown', () => {
  const empty: MachineRecipe = {
    computer,
    disks: [],
    encrypted: [],
    groups: [],
    arrays: [],
    fileSystems: [],
    fstab: null,
    crypttab: null,
    notes: [],
  }

  test('is what there is as long as that fits', () => {
    const recipe = { ...empty, fstab: 'x'.repeat(60_000) }
    expect(bounded(recipe)).toEqual(recipe)
  })

  test('has its lists cut when it is too much, and says so', () => {
    const partition = {
      path: 'p',
      offset: 0,
      length: 1,
      type: 'T'.repeat(40),
      uuid: 'u'.repeat(36),
      name: null,
      bootable: false,
    }
    const disk = { path: 'd', sizeBytes: 1, model: null, serial: null, table: 'gpt', tableId: null, sectorBytes: 512 }
    const partitions = Array.from({ length: 128 }, () => partition)
    const recipe = { ...empty, notes: ['own'], disks: Array.from({ length: 100 }, () => ({ ...disk, partitions })) }
    const cut = bounded(recipe)
    expect(Buffer.byteLength(JSON.stringify(cut, null, 1))).toBeLessThan(256 * 1024)
    expect(machineRecipeSchema.parse(cut)).toEqual(cut)
    expect(cut.disks).toHaveLength(16)
    expect(cut.notes).toEqual([expect.stringMatching(/^Only the first \d+ of each list/), 'own'])
    expect(bounded(recipe, 30_000).disks).toHaveLength(4)
  })
})

test('a recipe of another Holdfast has a problem and its files', async () => {
  const gatherer = new Gatherer({ ...computer, boot: 'by hand' as 'efi' })
  gatherer.add('', 'blkid.txt', 'What there is', 'text')
  const { content, problem, files } = await shown(gatherer.close())
  expect(content).toBeNull()
  expect(problem).toContain('another version of Holdfast')
  expect(files).toHaveLength(2)
})
