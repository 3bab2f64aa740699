/** Branded identifiers: plain lower-case hex strings that cannot be mixed up at compile time. */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 16 random bytes, 32 hex digits. */
export type RepositoryId = Branded<'RepositoryId'>
/** 8 random bytes, 16 hex digits. */
export type VersionId = Branded<'VersionId'>
/** 16 random bytes, 32 hex digits. */
export type PackId = Branded<'PackId'>
/** 16 random bytes, 32 hex digits. */
export type SegmentId = Branded<'SegmentId'>
/** 4 random bytes, 8 hex digits. */
export type KeySlotId = Branded<'KeySlotId'>
/** 16 random bytes, 32 hex digits. */
export type LockId = Branded<'LockId'>
/** Keyed hash of a block's plaintext, 32 hex digits. Binary (16 bytes) on hot paths. */
export type BlockId = Branded<'BlockId'>

const hexOf = (digits: number) => new RegExp(`^[0-9a-f]{${digits}}$`)
const shapes = { versionId: hexOf(16), packId: hexOf(32), segmentId: hexOf(32), keySlotId: hexOf(8), lockId: hexOf(32) }

export const isVersionId = (text: string): text is VersionId => shapes.versionId.test(text)
export const isPackId = (text: string): text is PackId => shapes.packId.test(text)
export const isSegmentId = (text: string): text is SegmentId => shapes.segmentId.test(text)
export const isKeySlotId = (text: string): text is KeySlotId => shapes.keySlotId.test(text)
export const isLockId = (text: string): text is LockId => shapes.lockId.test(text)
