import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { DirectoryStorage } from '../../../engine/storage/directory.ts'
import type { Storage } from '../../../engine/storage/storage.ts'
import { collect } from '../../suites/storageReadingSuite.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const script = fileURLToPath(new URL('../../support/putForever.ts', import.meta.url))
const temporary = useTemporaryFolder()
const root = () => join(temporary.path, 'repository')
const twoDaysLater = { ...systemClock, now: () => Date.now() + 2 * 24 * 60 * 60 * 1000 }

async function prepare() {
  const storage = await DirectoryStorage.open(root(), { expect: 'nothing', clock: twoDaysLater })
  await storage.prepare(['packs/00', 'packs/01', 'latest'])
  return storage
}

/** Runs the writer; kills it `killAfterMs` after its first object, unless it dies by itself. Returns what it had stored. */
async function writeUntilKilled(first: number, mode: string, killAfterMs?: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--no-warnings', script, root(), String(first), mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let complaints = ''
  child.stderr.on('data', chunk => {
    complaints += chunk
  })
  child.stdout.on('data', async chunk => {
    const isFirst = output === ''
    output += chunk
    if (!isFirst || killAfterMs === undefined) return
    await delay(killAfterMs)
    child.kill('SIGKILL')
  })
  const signal = await new Promise(resolve => child.on('close', (_, signal) => resolve(signal)))
  expect(signal, complaints).toBe('SIGKILL')
  return output.split('\n').filter(line => line !== '')
}

/** Names of all objects, each proved whole. */
async function proveAll(storage: Storage): Promise<string[]> {
  const names: string[] = []
  for (const folder of ['packs', 'latest']) {
    for (const { name, sizeBytes } of await collect(storage.list(folder))) {
      const data = await storage.get(name)
      expect(data.length, name).toBe(sizeBytes)
      const hash = createHash('sha256').update(data.subarray(32)).digest()
      expect(hash.equals(data.subarray(0, 32)), name).toBe(true)
      names.push(name)
    }
  }
  return names
}

describe('a directory storage whose writer is killed', () => {
  it('holds whole objects only, and all that were reported as stored', { timeout: 60_000 }, async () => {
    const storage = await prepare()
    const stored: string[] = []
    for (let round = 0; round < 8; round++) {
      const mode = round % 2 === 0 ? 'links' : 'claims'
      stored.push(...(await writeUntilKilled(round * 1000, mode, Math.random() * 120)))
      expect(await proveAll(storage)).toEqual(expect.arrayContaining(stored))
    }
    const before = await proveAll(storage)
    await storage.sweepTemporary()
    expect(await storage.sweepTemporary()).toBe(0)
    expect(await proveAll(storage)).toEqual(before)
    await storage.close()
  })

  it('does not have the object when that was before it got its name', { timeout: 60_000 }, async () => {
    const storage = await prepare()
    expect(await writeUntilKilled(0, 'dieBeforeName')).toEqual([])
    expect(await storage.stat('packs/00/0')).toBeUndefined()
    expect(await proveAll(storage)).not.toContain('packs/00/0')
    expect(await storage.sweepTemporary()).toBeGreaterThan(0)
    await storage.put('packs/00/0', [])
    await storage.close()
  })

  it('has the whole object when that was after it got its name', { timeout: 60_000 }, async () => {
    const storage = await prepare()
    expect(await writeUntilKilled(0, 'dieAfterName')).toEqual([])
    expect(await proveAll(storage)).toContain('packs/00/0')
    expect(await storage.sweepTemporary()).toBeGreaterThan(0)
    expect(await proveAll(storage)).toContain('packs/00/0')
    await expect(storage.put('packs/00/0', [])).rejects.toMatchObject({ code: 'storage.objectExists' })
    await storage.close()
  })
})
