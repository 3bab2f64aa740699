import { execFileSync } from 'node:child_process'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runSystemProgram } from '../../../engine/base/systemPrograms.ts'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { type LvmSystem, lvmSystem } from '../../../engine/lvm/system.ts'
import { exclusiveBytes, thinDelta, thinDump } from '../../../engine/lvm/thinTools.ts'
import { count, normalize, subtract } from '../../../engine/sources/ranges.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const missing = missingProgram('thin_restore') ?? missingProgram('thin_delta')
const folder = useTemporaryFolder()
const chunk = 65_536
const tib = 2 ** 40

/** Metadata in a file is not in use, so that no snapshot of it is needed. */
const system: LvmSystem = {
  ...lvmSystem,
  run: (program, args, options) =>
    runSystemProgram(
      program,
      args.filter(arg => arg !== '-m'),
      options,
    ),
}

/** Which chunk of the pool each chunk of a volume is. */
type Mappings = Map<number, number>

const device = (id: number, mappings: Mappings) =>
  `<device dev_id="${id}" mapped_blocks="${mappings.size}" transaction="0" creation_time="0" snap_time="0">\n${[
    ...mappings,
  ]
    .sort(([a], [b]) => a - b)
    .map(([from, to]) => `<single_mapping origin_block="${from}" data_block="${to}" time="0"/>\n`)
    .join('')}</device>\n`

/** Metadata of a pool with the volumes 1 and 2, as the kernel would have it. */
async function metadata(older: Mappings, newer: Mappings): Promise<string> {
  const [xml, path] = [join(folder.path, 'pool.xml'), join(folder.path, 'pool')]
  const head =
    '<superblock uuid="" time="1" transaction="1" flags="0" version="2" data_block_size="128" nr_data_blocks="4000000">'
  await writeFile(xml, `${head}\n${device(1, older)}${device(2, newer)}</superblock>\n`)
  await (await open(path, 'w')).close()
  await truncate(path, 64 * 1024 * 1024)
  execFileSync('thin_restore', ['-i', xml, '-o', path], { stdio: 'ignore', env: { PATH: '/usr/sbin:/usr/bin' } })
  return path
}

const bytesOf = (chunks: Iterable<number>) =>
  normalize([...chunks].map(at => ({ start: at * chunk, end: (at + 1) * chunk })))

const pairOf = (size: number) => ({ olderId: 1, newerId: 2, olderSize: size, newerSize: size })

describe.skipIf(missing !== undefined)('what the thin tools say of a pool', () => {
  test.each([1, 2, 3])('is what its mappings are (%i)', async seed => {
    const random = seededRandom(`thin tools ${seed}`)
    const older: Mappings = new Map()
    const newer: Mappings = new Map()
    let next = 0
    for (let at = 0; at < 4000; at += 1 + random.below(3)) {
      const kind = random.below(5)
      if (kind < 4) older.set(at, next++)
      if (kind < 2) newer.set(at, older.get(at)!)
      if (kind === 2 || kind === 4) newer.set(at, next++)
    }
    const path = await metadata(older, newer)
    const { written, discarded } = await thinDelta(system, path, pairOf(tib))
    const changed = [...newer].filter(([at, to]) => older.get(at) !== to).map(([at]) => at)
    expect(written).toEqual(bytesOf(changed))
    expect(discarded).toEqual(bytesOf([...older.keys()].filter(at => !newer.has(at))))
    expect(await thinDump(system, path, 2, tib)).toEqual(bytesOf(newer.keys()))
    const inOlder = new Set(older.values())
    const own = [...newer.values()].filter(to => !inOlder.has(to)).length
    expect(await exclusiveBytes(system, path, 2)).toBe(own * chunk)
  })

  test('a terabyte of which nothing but its ends was written is compared at once', async () => {
    const ends: Mappings = new Map([
      [0, 0],
      [tib / chunk - 1, 1],
    ])
    const path = await metadata(ends, ends)
    const started = performance.now()
    expect(await thinDelta(system, path, pairOf(tib))).toEqual({ written: [], discarded: [] })
    expect(performance.now() - started).toBeLessThan(2000)
    expect(count(await thinDump(system, path, 1, tib))).toBe(2 * chunk)
  })

  test('200 000 changes here and there are all told', async () => {
    const newer: Mappings = new Map(Array.from({ length: 200_000 }, (_, at) => [at * 2, at]))
    const path = await metadata(new Map(), newer)
    const { written, discarded } = await thinDelta(system, path, pairOf(tib))
    expect(subtract(bytesOf(newer.keys()), written)).toEqual([])
    expect([count(written), discarded.length]).toEqual([200_000 * chunk, 0])
  })

  test('a volume that the pool does not have is an error, and not an empty one', async () => {
    const path = await metadata(new Map([[0, 0]]), new Map([[0, 0]]))
    await expect(thinDump(system, path, 9, tib)).rejects.toMatchObject({ code: 'source.readFailed' })
    await expect(thinDelta(system, path, { ...pairOf(tib), newerId: 9 })).rejects.toMatchObject({
      code: 'source.readFailed',
      message: expect.stringMatching(/Unable to find mapping tree/),
    })
    await expect(exclusiveBytes(system, path, 9)).rejects.toMatchObject({ code: 'source.readFailed' })
  })

  test('it can be cancelled', async () => {
    const path = await metadata(new Map(), new Map())
    await expect(thinDelta(system, path, pairOf(tib), AbortSignal.abort())).rejects.toMatchObject({
      code: 'run.cancelled',
    })
  })
})
