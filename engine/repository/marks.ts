import { z } from 'zod'

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))
const copySchema = z.object({ pack: hex(32), block: hex(32) })

/** Small append-only records for what changes about versions and blocks. Later marks win over earlier ones. */
export const markSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('protect'), at: z.iso.datetime(), version: hex(16), protected: z.boolean() }),
  z.object({
    kind: z.literal('labels'),
    at: z.iso.datetime(),
    version: hex(16),
    set: z.record(z.string(), z.string()),
    remove: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('scrub'),
    at: z.iso.datetime(),
    mode: z.enum(['light', 'deep']),
    /** Versions of which everything was checked in this scrub. */
    versions: z.array(hex(16)),
    /** Where the next scrub by percent goes on: the last pack that was checked, or null when it came around. */
    cursor: hex(32).nullable().optional(),
    checkedBlocks: z.number().int().nonnegative(),
    damagedBlocks: z.number().int().nonnegative(),
  }),
  z.object({
    kind: z.literal('damage'),
    at: z.iso.datetime(),
    copies: z.array(copySchema),
    /** Packs that are not there, or not whole. */
    packs: z.array(hex(32)),
    /** Copies of records, and index segments, that are missing or altered and can be written again. */
    objects: z.array(z.string().max(200)).optional(),
    versions: z.array(z.object({ version: hex(16), blocks: z.array(hex(32)) })),
  }),
  /** Copies that were damaged and read well again, and packs that are back. */
  z.object({
    kind: z.literal('sound'),
    at: z.iso.datetime(),
    copies: z.array(copySchema),
    packs: z.array(hex(32)),
    objects: z.array(z.string().max(200)).optional(),
  }),
])

export type Mark = z.infer<typeof markSchema>
export type BlockCopy = z.infer<typeof copySchema>

export interface MarkState {
  protectedVersions: Set<string>
  /** Label changes per version, oldest first already applied: undefined value = removed. */
  labels: Map<string, Record<string, string | undefined>>
  scrubbedAt: Map<string, string>
  /** Where the last scrub by percent stopped. */
  scrubCursor: string | null
  /** Copies that are damaged as far as is known. */
  damagedCopies: BlockCopy[]
  /** Packs that are not there, as far as is known. */
  missingPacks: Set<string>
  /** Objects that a repair writes again. */
  damagedObjects: Set<string>
  /** Blocks that were found without a sound copy, by the versions that need them. */
  damagedVersions: Map<string, Set<string>>
}

/** Marks in the order of their names, which is that of their time. */
export function foldMarks(marks: readonly Mark[]): MarkState {
  const state: MarkState = {
    protectedVersions: new Set(),
    labels: new Map(),
    scrubbedAt: new Map(),
    scrubCursor: null,
    damagedCopies: [],
    missingPacks: new Set(),
    damagedObjects: new Set(),
    damagedVersions: new Map(),
  }
  const damaged = new Map<string, BlockCopy>()
  for (const mark of marks) {
    switch (mark.kind) {
      case 'protect':
        if (mark.protected) state.protectedVersions.add(mark.version)
        else state.protectedVersions.delete(mark.version)
        break
      case 'labels': {
        const labels = state.labels.get(mark.version) ?? {}
        for (const key of mark.remove) labels[key] = undefined
        Object.assign(labels, mark.set)
        state.labels.set(mark.version, labels)
        break
      }
      case 'scrub':
        if (mark.mode === 'deep') for (const version of mark.versions) state.scrubbedAt.set(version, mark.at)
        if (mark.cursor !== undefined) state.scrubCursor = mark.cursor
        break
      case 'damage':
        for (const copy of mark.copies) damaged.set(`${copy.pack}/${copy.block}`, copy)
        for (const pack of mark.packs) state.missingPacks.add(pack)
        for (const object of mark.objects ?? []) state.damagedObjects.add(object)
        for (const { version, blocks } of mark.versions) {
          const known = state.damagedVersions.get(version) ?? new Set()
          for (const block of blocks) known.add(block)
          state.damagedVersions.set(version, known)
        }
        break
      case 'sound':
        for (const copy of mark.copies) damaged.delete(`${copy.pack}/${copy.block}`)
        for (const pack of mark.packs) state.missingPacks.delete(pack)
        for (const object of mark.objects ?? []) state.damagedObjects.delete(object)
        break
    }
  }
  state.damagedCopies = [...damaged.values()]
  return state
}

export function parseMark(plain: Uint8Array): Mark | undefined {
  try {
    return markSchema.safeParse(JSON.parse(Buffer.from(plain).toString())).data
  } catch {
    return undefined
  }
}

/** Names sort by time: 12 hex digits of milliseconds since 1970, then 8 random ones. */
export function markName(nowMs: number, random: string): string {
  return nowMs.toString(16).padStart(12, '0') + random
}

export const isMarkName = (text: string): boolean => /^[0-9a-f]{20}$/.test(text)

/** The milliseconds in a mark's name. */
export const markTime = (name: string): number => Number.parseInt(name.slice(0, 12), 16)
