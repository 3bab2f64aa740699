import { StringDecoder } from 'node:string_decoder'
import { HoldfastError } from '../contract/errors.ts'
import type { RangeSet } from '../sources/ranges.ts'
import { look, type Program } from './programs.ts'
import type { LvmSystem } from './system.ts'
import { type ThinDelta, ThinDeltaReader, type ThinPair } from './thinDelta.ts'
import { ThinDumpReader } from './thinDump.ts'

/**
 * Programs that read the metadata of a pool, of which a snapshot must be held (metadataSnapshot.ts). `device` is where the pool keeps it.
 * source.readFailed when they fail or say what cannot be understood. May be cancelled.
 */

/** What differs between two thin volumes. */
export function thinDelta(system: LvmSystem, device: string, pair: ThinPair, signal?: AbortSignal): Promise<ThinDelta> {
  const ids = ['--snap1', String(pair.olderId), '--snap2', String(pair.newerId)]
  return readAll(system, 'thin_delta', ['-m', ...ids, device], new ThinDeltaReader(pair), signal)
}

/** What was ever written of a thin volume, in bytes. */
export function thinDump(
  system: LvmSystem,
  device: string,
  id: number,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<RangeSet> {
  return readAll(system, 'thin_dump', ['-m', '--dev-id', String(id), device], new ThinDumpReader(id, sizeBytes), signal)
}

/** What only this volume of the pool has. */
export async function exclusiveBytes(
  system: LvmSystem,
  device: string,
  id: number,
  signal?: AbortSignal,
): Promise<number> {
  const args = ['-m', '--no-headers', '-o', 'DEV,EXCLUSIVE_BYTES', device]
  const { stdout } = await look(system, 'thin_ls', args, signal ? { signal } : {})
  const row = stdout
    .toString('utf8')
    .split('\n')
    .map(line => /^\s*(\d+)\s+(\d+)\s*$/.exec(line))
    .find(match => match?.[1] === String(id))
  if (row === undefined || row === null) throw notUnderstood('thin_ls', `no line for ${id}`)
  return Number(row[2])
}

async function readAll<T>(
  system: LvmSystem,
  program: Program,
  args: readonly string[],
  reader: { push(text: string): void; finish(): T },
  signal: AbortSignal | undefined,
): Promise<T> {
  const decoder = new StringDecoder('utf8')
  try {
    await look(system, program, args, {
      onOutput: chunk => reader.push(decoder.write(chunk)),
      ...(signal ? { signal } : {}),
    })
    return reader.finish()
  } catch (error) {
    if (error instanceof SyntaxError) throw notUnderstood(program, error.message)
    throw error
  }
}

const notUnderstood = (program: string, what: string) =>
  new HoldfastError('source.readFailed', `What ${program} prints cannot be understood: ${what}.`, {
    advice: 'Report this with the version of the package thin-provisioning-tools.',
    details: { program },
  })
