import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Clock } from '../../engine/base/clock.ts'
import { randomBytes } from '../../engine/base/random.ts'
import { BlockIdentifier } from '../../engine/repository/blockCrypto.ts'
import { type BlockKind, blockKind, names } from '../../engine/repository/format.ts'
import type { Secret } from '../../engine/repository/keySlots.ts'
import type { PackInfo } from '../../engine/repository/pack.ts'
import { PackBuilder } from '../../engine/repository/packBuilder.ts'
import { Repository } from '../../engine/repository/repository.ts'
import type { VersionRecord } from '../../engine/repository/versionRecord.ts'
import { MemoryStorage } from '../../engine/storage/memory.ts'
import type { Storage } from '../../engine/storage/storage.ts'
import { useTemporaryFolder } from './temporaryFolder.ts'
import { idOf } from './versions.ts'

/** A key file's secret: opens without the cost of Argon2id. Different fills are different secrets. */
export const keyFile = (fill = 7): Secret => ({ kind: 'keyfile', content: Buffer.alloc(64, fill) })

export interface RepositoryOptions {
  /** A new MemoryStorage unless given. */
  storage?: Storage
  /** keyFile() unless given. */
  secret?: Secret
  /** A new, empty one unless given: nothing is remembered from other openings. */
  stateDir?: string
  clock?: Clock
  blockSizeBytes?: number
}

/** Makes and opens repositories; they are closed and their catalogues removed after each test. */
export function useRepositories() {
  const folder = useTemporaryFolder()
  const opened: Repository[] = []
  afterEach(async () => {
    for (const repository of opened.splice(0)) await repository.close()
  })

  const settled = async ({ secret = keyFile(), stateDir, clock, blockSizeBytes }: RepositoryOptions) => ({
    secret,
    stateDir: stateDir ?? (await mkdtemp(join(folder.path, 'state-'))),
    ...(clock === undefined ? {} : { clock }),
    ...(blockSizeBytes === undefined ? {} : { blockSizeBytes }),
  })
  return {
    folder,
    async create(options: RepositoryOptions = {}) {
      const storage = options.storage ?? new MemoryStorage(options.clock)
      const facts = await settled(options)
      const { repository, recoveryPhrase } = await Repository.create(storage, facts)
      opened.push(repository)
      return { repository, recoveryPhrase, storage, stateDir: facts.stateDir }
    },
    async open(storage: Storage, options: RepositoryOptions = {}): Promise<Repository> {
      const repository = await Repository.open(storage, await settled(options))
      opened.push(repository)
      return repository
    },
  }
}

/** A block with its id, as one of this kind in this repository. */
export interface Block {
  id: Buffer
  plain: Buffer
}

export function makeBlock(repository: Repository, plain: Buffer = randomBytes(1000), kind?: BlockKind): Block {
  return { id: new BlockIdentifier(repository.keyring).idOf(kind ?? blockKind.data, plain), plain }
}

export const makeBlocks = (repository: Repository, count: number): Block[] =>
  Array.from({ length: count }, () => makeBlock(repository))

/** Stores blocks as one pack. No index segment lists it, and the catalogue is not told. */
export async function storePack(
  repository: Repository,
  blocks: readonly Block[],
  kind: BlockKind = blockKind.data,
): Promise<PackInfo> {
  const builder = new PackBuilder(repository.keyring.pack, { buffer: Buffer.alloc(1024) })
  for (const { id, plain } of blocks) builder.add(kind, id, plain)
  const { bytes, ...info } = builder.finish()
  await repository.storage.put(names.pack(info.id), [bytes])
  return info
}

/** Changes an object behind the repository's back. */
export async function alter(storage: Storage, name: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = Buffer.from(await storage.get(name))
  await storage.put(name, [change(bytes)], { overwrite: true })
}

/** Inverts one byte. */
export const flipped =
  (offset: number, mask = 0xff) =>
  (bytes: Buffer): Buffer => {
    bytes[offset]! ^= mask
    return bytes
  }

export async function namesIn(storage: Storage, folder: string): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of storage.list(folder)) found.push(name)
  return found.sort()
}

/** A plausible version record; say only what matters to the test. */
export function makeRecord(facts: Partial<VersionRecord> = {}): VersionRecord {
  return {
    id: idOf(1),
    name: 'web01',
    startedAt: '2026-01-31T10:00:00.000Z',
    finishedAt: '2026-01-31T10:05:00.000Z',
    sizeBytes: 1 << 20,
    blockSizeBytes: 1 << 16,
    root: null,
    status: 'complete',
    method: 'full',
    consistency: 'consistent',
    source: { path: '/dev/vg0/web01', kind: 'device' },
    host: 'server1',
    base: null,
    labels: {},
    unreadable: [],
    readBytes: 1 << 20,
    newBytes: 0,
    storedBytes: 0,
    holeBytes: 1 << 20,
    durationMs: 300_000,
    ...facts,
  }
}
