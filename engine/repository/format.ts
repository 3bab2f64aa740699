/**
 * Magic numbers, sizes and names of the repository format. docs/repository-format.md describes each of them; change both
 * in one commit, raise `formatVersion`, and freeze a small repository of the old version under test/compat.
 *
 * All integers are little-endian.
 */
export const formatName = 'holdfast-repository'
export const formatVersion = 1

/** Block sizes: powers of two in this range. */
export const minimumBlockSizeBytes = 16 * 1024
export const maximumBlockSizeBytes = 4 * 1024 * 1024
export const defaultBlockSizeBytes = 32 * 1024

/**
 * Blocks are compressed and sealed together in frames of about this much plaintext: one compression context and one tag for
 * many small blocks. A block larger than this is a frame of its own.
 */
export const frameTargetBytes = 256 * 1024

/** A pack is closed when it has reached this many bytes; it is at most one frame larger. */
export const packTargetBytes = 16 * 1024 * 1024

export const keyBytes = 32
/** A block id; see "Blocks and frames" in the format document. */
export const idBytes = 16
export const gcmTagBytes = 16
export const gcmNonceBytes = 12

/** What a block is; part of its id's domain and of its frame's associated data. */
export const blockKind = { data: 1, map: 2 } as const
export type BlockKind = (typeof blockKind)[keyof typeof blockKind]

/** How the plaintext of a block or object is packed before sealing. */
export const compression = { none: 0, zstd: 1 } as const
export type Compression = (typeof compression)[keyof typeof compression]

/** Pack layout; see "Packs" in the format document. */
export const pack = {
  magic: Buffer.from('HFPK'),
  version: 1,
  idOffset: 8,
  idBytes: 16,
  wrappedKeyOffset: 24,
  wrappedKeyBytes: gcmNonceBytes + keyBytes + gcmTagBytes,
  headerBytes: 84,
  frameEntryBytes: 12,
  blockEntryBytes: idBytes + 4,
  trailerMagic: Buffer.from('HFPE'),
  trailerBytes: 8,
} as const

/** Sealed objects: index segments, version records, marks, locks, condemned lists. */
export const sealed = {
  magic: Buffer.from('HFSO'),
  version: 1,
  saltBytes: 32,
  headerBytes: 40,
} as const

export const sealedKind = { indexSegment: 1, version: 2, mark: 3, lock: 4, condemned: 5 } as const
export type SealedKind = (typeof sealedKind)[keyof typeof sealedKind]

/** A map node names this many children. */
export const mapFanout = 128
export const mapBitmapBytes = mapFanout / 8
export const mapHeaderBytes = 4

/** Object names. */
export const names = {
  config: 'config',
  key: (id: string) => `keys/${id}`,
  pack: (id: string) => `packs/${id.slice(0, 2)}/${id}`,
  segment: (id: string) => `index/${id}`,
  version: (id: string) => `versions/${id}`,
  mark: (id: string) => `marks/${id}`,
  lock: (id: string) => `locks/${id}`,
  condemned: (id: string) => `condemned/${id}`,
  /** The second copy of a small object that everything depends on. */
  copy: (name: string) => `copies/${name}`,
} as const

/** Objects that show others that a run is alive: a run that is paused goes on with these. */
export const isLockName = (name: string): boolean => name.startsWith(names.lock(''))

/** Folders that `prepare` makes for storages that have folders. */
export const folders: readonly string[] = [
  'keys',
  'packs',
  ...Array.from({ length: 256 }, (_, i) => `packs/${i.toString(16).padStart(2, '0')}`),
  'index',
  'versions',
  'marks',
  'locks',
  'condemned',
  'copies',
  'copies/keys',
  'copies/versions',
  'copies/marks',
]
