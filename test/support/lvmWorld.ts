import { execFileSync } from 'node:child_process'
import { constants, mkdirSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { alignedSharedMemory } from '../../engine/base/alignedMemory.ts'
import { linux } from '../../engine/base/linux.ts'
import { createLogger } from '../../engine/base/logger.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import type { SeededRandom } from '../../engine/demo/seededRandom.ts'
import { LvmDriver } from '../../engine/lvm/driver.ts'
import { type LvmContext, lvmSystem } from '../../engine/lvm/system.ts'
import { normalize, type RangeSet, type Span } from '../../engine/sources/ranges.ts'
import type { Changes, Snapshot, TrackedVolume } from '../../engine/tracking/trackedVolume.ts'

/** What the trials with real LVM (lvmTrials.ts, lvmRounds.ts) are made of. They run in the virtual computer, where node has no compilers. */

export const stateDir = '/run/holdfast-state'
export const logged: string[] = []
export const contextOf = (folder: string): LvmContext => ({
  system: lvmSystem,
  logger: createLogger({ level: 'debug', write: line => void logged.push(line.trim()) }),
  stateDir: folder,
})
export const driver = new LvmDriver(contextOf(stateDir))

/** Runs a program and gives what it printed; what it says on the other stream goes there. */
export const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()

/** The same, where it may fail. */
export const shTry = (program: string, ...args: string[]): string => {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch (error) {
    return `failed: ${(error as { stderr: string }).stderr.trim()}`
  }
}

export const find = async (path: string): Promise<TrackedVolume> => {
  const volume = await driver.find(path)
  if (volume === undefined) throw new Error(`${path} is no volume`)
  return volume
}

export const nameOf = (number: string | number) => `holdfast_0000000a_${number}`

/** What became of it: its value, or the code of the error with its message and advice. */
export async function outcome<T>(work: () => Promise<T>): Promise<T | { code: string; said: string }> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HoldfastError) return { code: error.code, said: `${error.message} ${error.advice}` }
    return { code: 'unexpected', said: String((error as Error).stack) }
  }
}

const mib = 1024 * 1024

/** Memory for direct I/O, filled with what nobody wrote before. */
export function freshBytes(random: SeededRandom, length: number): Uint8Array {
  const memory = new Uint8Array(alignedSharedMemory(length), 0, length)
  memory.set(random.bytes(length))
  return memory
}

export const openDirect = (path: string): Promise<FileHandle> => open(path, constants.O_RDWR | constants.O_DIRECT)

/** All of a device. */
export async function bytesOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    // At once, since the computer is small: pieces would take the room twice.
    const all = Buffer.allocUnsafe(linux.blockDeviceSize(file.fd) as number)
    for (let offset = 0; offset < all.length; ) {
      const { bytesRead } = await file.read(all, offset, Math.min(4 * mib, all.length - offset), offset)
      if (bytesRead === 0) throw new Error(`${path} ends at ${offset}`)
      offset += bytesRead
    }
    return all
  } finally {
    await file.close()
  }
}

/** Chunks in which two states differ, as bytes; what one lacks counts as zeros. */
export function differences(older: Buffer, newer: Buffer, chunkBytes: number): RangeSet {
  const spans: Span[] = []
  const zeros = Buffer.alloc(chunkBytes)
  for (let start = 0; start < newer.length; start += chunkBytes) {
    const end = Math.min(start + chunkBytes, newer.length)
    const before = start < older.length ? older.subarray(start, end) : zeros.subarray(0, end - start)
    if (!before.equals(newer.subarray(start, end))) spans.push({ start, end })
  }
  return normalize(spans)
}

/** The older state, brought up to date by what is said to have changed, is the newer one; and zeros are where they are said to be. */
export function leadsTo(older: Buffer, newer: Buffer, changes: Changes): boolean {
  if (!changes.known) return false
  const copy = Buffer.alloc(newer.length)
  older.copy(copy)
  for (const { start, end } of changes.written) newer.copy(copy, start, start, end)
  for (const { start, end } of changes.discarded) copy.fill(0, start, end)
  return copy.equals(newer)
}

/** Reads a snapshot as a backup does. */
export async function contentOf(volume: TrackedVolume, snapshot: Snapshot): Promise<Buffer> {
  return await bytesOf(await volume.activate(snapshot))
}

export const total = (set: RangeSet) => set.reduce((sum, { start, end }) => sum + end - start, 0)

export const collected = (folder: string) => {
  mkdirSync(folder, { recursive: true })
  return (name: string, value: unknown) => writeFileSync(`${folder}/${name}.json`, JSON.stringify(value, null, 1))
}
