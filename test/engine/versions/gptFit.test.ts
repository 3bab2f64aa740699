import { execFileSync } from 'node:child_process'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readGptCopy } from '../../../engine/versions/gptCopy.ts'
import { fitGpt, type GptFit } from '../../../engine/versions/gptFit.ts'
import type { ReadBytes } from '../../../engine/versions/partition.ts'
import { readPartitionTable } from '../../../engine/versions/partitionTable.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const mib = 1024 * 1024
const folder = useTemporaryFolder()
const image = () => join(folder.path, 'disk.img')

const table = `label: gpt
  start=2048, size=8192, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI"
  start=40960, size=20480, type=L, name="last"
  start=16384, size=2048, type=S, name="swap"`

async function partitioned(script: string, sizeBytes: number): Promise<void> {
  await writeFile(image(), '')
  await truncate(image(), sizeBytes)
  execFileSync('sfdisk', ['--quiet', '--no-reread', image()], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })
}

async function withImage<T>(
  use: (read: ReadBytes, write: (fit: GptFit, steps?: number) => Promise<void>) => Promise<T>,
) {
  const file = await open(image(), 'r+')
  try {
    return await use(
      async ({ offset, length }) => (await file.read(Buffer.alloc(length), 0, length, offset)).buffer,
      async (fit, steps = fit.steps.length) => {
        for (const { data, offset } of fit.steps.slice(0, steps).flat()) await file.write(data, 0, data.length, offset)
      },
    )
  } finally {
    await file.close()
  }
}

async function fitted(from: number, to: number, grow: boolean): Promise<GptFit | null> {
  await truncate(image(), to)
  return await withImage(async read => {
    const copy = await readGptCopy(read, from, 512, 1)
    return fitGpt(copy!, await read({ offset: 0, length: 512 }), { sizeBytes: to, grow })
  })
}

const dump = () => {
  const { partitiontable } = JSON.parse(execFileSync('sfdisk', ['--json', image()], { encoding: 'utf8' }))
  return partitiontable
}
/** What another program finds wrong; it is quiet when the table is as it should be. */
const complaints = () =>
  execFileSync('sfdisk', ['--verify', image()], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

describe.skipIf(missingProgram('sfdisk'))('a table that sfdisk has written', () => {
  for (const grow of [false, true]) {
    test(`fits a larger disk, with the last partition ${grow ? 'grown' : 'as it was'}`, async () => {
      await partitioned(table, 64 * mib)
      const before = dump()
      const fit = (await fitted(64 * mib, 200 * mib, grow))!
      await withImage(async (_, write) => await write(fit))
      const after = dump()
      expect(complaints()).toContain('No errors detected')
      const last = before.partitions[1]
      expect(after).toEqual({
        ...before,
        lastlba: (200 * mib) / 512 - 34,
        partitions: [
          before.partitions[0],
          grow ? { ...last, size: (199 * mib) / 512 - last.start } : last,
          before.partitions[2],
        ],
      })
      expect(fit.grown).toEqual(grow ? { number: 2, offset: 20 * mib, oldLength: 10 * mib, length: 179 * mib } : null)
      await withImage(async read => {
        const second = await readGptCopy(read, 200 * mib, 512, (200 * mib) / 512 - 1)
        expect(second?.entries.equals((await readGptCopy(read, 200 * mib, 512, 1))!.entries)).toBe(true)
        // 5.2.3: the protective record covers the disk.
        expect((await read({ offset: 0, length: 512 })).readUInt32LE(446 + 12)).toBe((200 * mib) / 512 - 1)
      })
    })
  }

  test('has a sound copy at every moment of being moved', async () => {
    for (const steps of [0, 1, 2, 3]) {
      await partitioned(table, 64 * mib)
      const fit = (await fitted(64 * mib, 200 * mib, true))!
      await withImage(async (read, write) => {
        await write(fit, steps)
        const now = await readPartitionTable(read, 200 * mib)
        expect([now?.kind, now?.partitions.length]).toEqual(['gpt', 3])
        // Torn in the middle of the first copy: the second is where it is looked for.
        if (steps !== 1) return
        const torn: ReadBytes = async range => {
          const bytes = Buffer.from(await read(range))
          if (range.offset === 512) bytes.fill(0)
          return bytes
        }
        expect((await readPartitionTable(torn, 200 * mib))?.partitions).toHaveLength(3)
      })
    }
  })

  test('does not grow where there is no whole MiB, and only the protective record of a whole disk is changed', async () => {
    await partitioned('label: gpt\nstart=2048, type=L', 64 * mib)
    const fit = await fitted(64 * mib, 64 * mib, true)
    expect(fit?.grown).toBeNull()
    const [own, hybrid] = await withImage(async read => {
      const copy = (await readGptCopy(read, 64 * mib, 512, 1))!
      const first = await read({ offset: 0, length: 512 })
      const mixed = Buffer.from(first)
      mixed[446 + 16 + 4] = 0x83
      return [first, mixed].map(one => fitGpt(copy, one, { sizeBytes: 80 * mib, grow: false }))
    })
    expect([own?.steps.length, hybrid?.steps.length]).toEqual([3, 2])
  })

  test('is left alone when a partition lies where the copy belongs', async () => {
    await partitioned(table, 64 * mib)
    await withImage(async read => {
      const copy = (await readGptCopy(read, 64 * mib, 512, 1))!
      const first = await read({ offset: 0, length: 512 })
      expect(fitGpt(copy, first, { sizeBytes: 30 * mib, grow: false })).toBeNull()
    })
  })
})
