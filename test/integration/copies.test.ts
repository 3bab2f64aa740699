import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { CopyResult } from '../../engine/contract/models.ts'
import { holdfast, startHoldfast } from '../support/holdfast.ts'
import { randomImage, writeImage } from '../support/mixedImage.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const at = (name: string) => join(folder.path, name)

async function packBytes(repository: string): Promise<number> {
  const entries = await readdir(join(repository, 'packs'), { recursive: true, withFileTypes: true }).catch(() => [])
  const packs = entries.filter(entry => entry.isFile() && !entry.name.startsWith('.'))
  const sizes = await Promise.all(packs.map(pack => stat(join(pack.parentPath, pack.name))))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}

const env = () => ({
  HOLDFAST_STATE_DIR: at('state'),
  HOLDFAST_PASSPHRASE: 'one key',
  HOLDFAST_TO_PASSPHRASE: 'another key',
})

async function makeBoth(): Promise<void> {
  for (const [name, key] of [
    ['from', 'one key'],
    ['to', 'another key'],
  ]) {
    const made = await holdfast(['init', '--repo', at(name!)], { env: { ...env(), HOLDFAST_PASSPHRASE: key! } })
    expect(made.code).toBe(0)
  }
}

async function backUp(image: Buffer): Promise<void> {
  await writeImage(at('image'), image)
  const { code } = await holdfast(['backup', at('image'), '--name', 'disk', '--repo', at('from')], { env: env() })
  expect(code).toBe(0)
}

async function copied(): Promise<CopyResult> {
  const { code, stdout } = await holdfast(['copy', at('from'), at('to'), '--json'], { env: env() })
  expect(code).toBe(0)
  return JSON.parse(stdout) as CopyResult
}

describe('holdfast copy', () => {
  test('copies what is missing, and says so to people and to programs', async () => {
    await makeBoth()
    const image = randomImage(3_000_000, 'command line')
    await backUp(image)
    const { code, stdout } = await holdfast(['copy', at('from'), at('to')], { env: env() })
    expect(code).toBe(0)
    expect(stdout).toMatch(/disk +\d{4}-\d\d-\d\d.*2\.\d MiB\nCopied 1 version: read 2\.9 MiB/)
    expect(await copied()).toMatchObject({ copied: [], failed: [], skipped: [{ name: 'disk' }] })
    const other = { ...env(), HOLDFAST_PASSPHRASE: 'another key' }
    const restored = await holdfast(['restore', 'disk:latest', at('restored'), '--repo', at('to')], { env: other })
    expect(restored.code).toBe(0)
    expect((await readFile(at('restored'))).equals(image)).toBe(true)
  })

  test('names the keys that it needs, and refuses what contradicts itself', async () => {
    await makeBoth()
    const { HOLDFAST_TO_PASSPHRASE: _, ...one } = env()
    const wrong = await holdfast(['copy', at('from'), at('to')], { env: one })
    expect({ code: wrong.code, says: /--to-passphrase-file/.test(wrong.stderr) }).toEqual({ code: 77, says: true })
    await writeFile(at('key'), 'another key\n')
    const right = await holdfast(['copy', at('from'), at('to'), '--to-passphrase-file', at('key')], { env: one })
    expect(right).toMatchObject({ code: 0, stdout: 'Copied nothing.\n' })
    const both = await holdfast(['copy', at('from'), at('to'), 'name == "x"', '--versions', 'disk:latest'], {
      env: env(),
    })
    expect(both.code).toBe(64)
    expect((await holdfast(['copy', at('from'), at('from')], { env: one })).code).toBe(64)
  })

  test('that was killed late goes on: only the rest is stored', async () => {
    await makeBoth()
    const image = randomImage(128 * 1024 * 1024, 'killed copy')
    await backUp(image)
    const doomed = startHoldfast(['copy', at('from'), at('to')], { env: env() })
    // Packs of 16 MiB: five of eight are stored.
    while ((await packBytes(at('to'))) < 5 * 16 * 1024 * 1024) await delay(2)
    doomed.process.kill('SIGKILL')
    expect((await doomed.result).endedBy).toBe('SIGKILL')
    const already = await packBytes(at('to'))
    const { copied: now } = await copied()
    expect(now).toMatchObject([{ name: 'disk', sizeBytes: image.length }])
    expect(now[0]!.newBytes).toBeLessThanOrEqual(image.length - already + 2 * 1024 * 1024)
    expect(await packBytes(at('to'))).toBeLessThan(image.length * 1.02)
    const other = { ...env(), HOLDFAST_PASSPHRASE: 'another key' }
    await holdfast(['restore', 'disk:latest', at('restored'), '--repo', at('to')], { env: other })
    expect((await readFile(at('restored'))).equals(image)).toBe(true)
    const scrub = await holdfast(['scrub', '--repo', at('to')], { env: other })
    expect(scrub.code).toBe(0)
  })

  test('copies what is sound and ends with 65 when something is damaged', async () => {
    await makeBoth()
    await backUp(randomImage(2_000_000, 'to be damaged'))
    const entries = await readdir(join(at('from'), 'packs'), { recursive: true, withFileTypes: true })
    for (const entry of entries.filter(entry => entry.isFile())) {
      const path = join(entry.parentPath, entry.name)
      const bytes = await readFile(path)
      if (bytes.length < 100_000) continue
      bytes.fill(0xee, 1_000_000, 1_000_008)
      await writeFile(path, bytes)
    }
    await holdfast(['backup', at('image'), '--name', 'copy', '--repo', at('from')], { env: env() })
    const { code, stdout } = await holdfast(['copy', at('from'), at('to'), 'name == "disk"'], { env: env() })
    expect(code).toBe(65)
    expect(stdout).toMatch(/^Copied nothing\.\ndisk of .* was not copied: Block .* is damaged/)
    const json = await holdfast(['copy', at('from'), at('to'), '--json'], { env: env() })
    expect(json.code).toBe(65)
    expect((JSON.parse(json.stdout) as CopyResult).failed.map(({ name }) => name)).toContain('disk')
  })
})
