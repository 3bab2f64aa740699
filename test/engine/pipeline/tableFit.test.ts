import { execFileSync } from 'node:child_process'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { applyTableFit, decideTableFit } from '../../../engine/pipeline/tableFit.ts'
import { growingOf, partitionPath } from '../../../engine/versions/growing.ts'
import type { ReadBytes } from '../../../engine/versions/partition.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

async function disk(script: string, sizeBytes = 16 * MiB): Promise<Buffer> {
  const path = join(folder.path, 'disk.img')
  await writeFile(path, '')
  await truncate(path, sizeBytes)
  if (script !== '') execFileSync('sfdisk', ['--quiet', '--no-reread', path], { input: script, stdio: 'pipe' })
  return await readFile(path)
}

const reader =
  (bytes: Buffer): ReadBytes =>
  async ({ offset, length }) =>
    bytes.subarray(offset, offset + length)

const decide = (bytes: Buffer, sizeBytes: number, { grow = false, sectorBytes = 512 as number | null } = {}) =>
  decideTableFit(reader(bytes), bytes.length, { path: '/dev/target', sizeBytes, sectorBytes }, grow)

describe.skipIf(missingProgram('sfdisk'))('the partition table of a version', () => {
  it('stays as it is on a disk of the same size, in a file, and when it is no GPT', async () => {
    const nothing = { fit: null, warnings: [] }
    const gpt = await disk('label: gpt\nsize=4M')
    expect(await decide(gpt, gpt.length)).toEqual(nothing)
    expect(await decide(gpt, 32 * MiB, { sectorBytes: null })).toEqual(nothing)
    expect(await decide(await disk('label: dos\nsize=4M'), 32 * MiB)).toEqual(nothing)
    expect(await decide(await disk(''), 32 * MiB)).toEqual(nothing)
  })

  it.each(['label: dos\nsize=4M', ''])('cannot grow without a GPT (%j)', async script => {
    await expect(decide(await disk(script), 32 * MiB, { grow: true })).rejects.toMatchObject({ code: 'usage.invalid' })
  })

  it('is left alone, with a warning, when sectors differ or its first copy is damaged', async () => {
    const gpt = await disk('label: gpt\nsize=4M')
    for (const sizeBytes of [gpt.length, 32 * MiB]) {
      const { fit, warnings } = await decide(gpt, sizeBytes, { sectorBytes: 4096 })
      expect([fit, warnings]).toEqual([null, [expect.stringContaining('sectors of 512 bytes')]])
    }
    gpt[520]! ^= 0xff
    const { fit, warnings } = await decide(gpt, 32 * MiB)
    expect([fit, warnings]).toEqual([null, [expect.stringContaining('first copy')]])
  })

  it('is fitted to a larger disk; a partition that is full already is said to be', async () => {
    const gpt = await disk('label: gpt\nstart=2048')
    expect((await decide(gpt, 32 * MiB)).fit?.grown).toBeNull()
    const grown = await decide(gpt, 32 * MiB, { grow: true })
    expect([grown.fit?.grown?.length, grown.warnings]).toEqual([30 * MiB, []])
    expect((await decide(gpt, gpt.length, { grow: true })).warnings).toEqual([expect.stringContaining('already')])
  })

  it('is read back, and a disk that loses it is told', async () => {
    const gpt = await disk('label: gpt\nstart=2048')
    const { fit } = await decide(gpt, 32 * MiB, { grow: true })
    const target = new MemoryTarget(32 * MiB)
    target.content.set(gpt)
    expect(await applyTableFit(target, fit!)).toEqual({
      moved: true,
      grown: {
        partition: 1,
        oldSizeBytes: expect.any(Number),
        sizeBytes: 30 * MiB,
        fileSystem: null,
        command: null,
      },
    })
    expect(target.forgotten).toBe(1)
    target.content.set(gpt)
    target.tamper = (data, offset) => (offset === 512 ? undefined : data)
    await expect(applyTableFit(target, fit!)).rejects.toMatchObject({ code: 'target.verifyFailed' })
  })
})

describe('what is in a partition that has grown', () => {
  it('is grown by the command of its kind, where there is one', () => {
    expect(growingOf('ext3', '/dev/sdb2')).toBe('e2fsck -f /dev/sdb2 && resize2fs /dev/sdb2')
    expect(growingOf('xfs', '/dev/sdb2')).toContain('xfs_growfs /mnt')
    expect(growingOf('btrfs', '/dev/sdb2')).toContain('btrfs filesystem resize max /mnt')
    expect(growingOf('LVM2_member', '/dev/sdb2')).toBe('pvresize /dev/sdb2')
    for (const kind of ['vfat', 'swap', null]) expect(growingOf(kind, '/dev/sdb2')).toBeNull()
  })

  it('is named as the kernel names it', () => {
    expect([partitionPath('/dev/sdb', 2), partitionPath('/dev/nvme0n1', 2)]).toEqual(['/dev/sdb2', '/dev/nvme0n1p2'])
  })
})
