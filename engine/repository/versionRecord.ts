import { z } from 'zod'
import type { VersionId } from '../contract/ids.ts'
import type { MapRoot } from './blockMapEditor.ts'

const bytes = z.number().int().nonnegative()
const extent = z.object({ offset: bytes, length: bytes })

/**
 * The record of one version as it is sealed into the repository. It never changes; protection, labels and scrub results
 * are marks beside it. Unknown fields of later Holdfasts are kept out of the way, not refused.
 */
export const versionRecordSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  name: z.string(),
  /** The moment that the version shows: when its snapshot was taken, or else when the run began. */
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  sizeBytes: bytes,
  blockSizeBytes: bytes,
  /** Id of the map's root node; null when the whole source is holes. */
  root: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullable(),
  status: z.enum(['complete', 'incomplete']),
  method: z.enum(['full', 'allocation', 'hints', 'lvm-thin', 'lvm-classic']),
  consistency: z.enum(['consistent', 'crash-consistent', 'read-while-in-use']),
  source: z.object({ path: z.string(), kind: z.enum(['file', 'device']) }),
  host: z.string(),
  base: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  /** Versions that show nearly the same moment of several sources: they have the same id. Absent from a version that was taken alone. */
  set: z
    .object({
      id: z.string().regex(/^[0-9a-f]{16}$/),
      /** Between the first and the last of their snapshots, at most; milliseconds. */
      gapMs: bytes,
    })
    .optional(),
  /** Parts of the source that could not be read; the version holds zeros there. */
  unreadable: z.array(extent),
  readBytes: bytes,
  newBytes: bytes,
  storedBytes: bytes,
  holeBytes: bytes,
  durationMs: bytes,
  /** The machine recipe: a map of its own, over the bytes of an archive. Absent without one. */
  recipe: z.object({ root: z.string().regex(/^[0-9a-f]{32}$/), sizeBytes: bytes }).optional(),
})

export type VersionRecord = Omit<z.infer<typeof versionRecordSchema>, 'id'> & { id: VersionId }

/** Undefined when the plaintext is no version record. */
export function parseVersionRecord(plain: Uint8Array): VersionRecord | undefined {
  try {
    return versionRecordSchema.safeParse(JSON.parse(Buffer.from(plain).toString())).data as VersionRecord | undefined
  } catch {
    return undefined
  }
}

/** The map of a version's source. */
export function rootOf(record: Pick<VersionRecord, 'root' | 'sizeBytes'>): MapRoot {
  return { id: record.root === null ? undefined : Buffer.from(record.root, 'hex'), sizeBytes: record.sizeBytes }
}

/** The map of its recipe; undefined when it has none. */
export function recipeRootOf({ recipe }: Pick<VersionRecord, 'recipe'>): MapRoot | undefined {
  return recipe && { id: Buffer.from(recipe.root, 'hex'), sizeBytes: recipe.sizeBytes }
}

/** All maps of a version: whoever asks what it needs has to go through each. */
export function rootsOf(record: Pick<VersionRecord, 'root' | 'sizeBytes' | 'recipe'>): MapRoot[] {
  const recipe = recipeRootOf(record)
  return recipe ? [rootOf(record), recipe] : [rootOf(record)]
}
