/**
 * Whether an object of a repository is never replaced by another content, so that what was read of it stays right. Packs are: their names are
 * random, their frames are never touched, and what a repair writes over a damaged one says the same. All else is small, or is in the
 * catalogue once it was read (index segments, records, marks), or tells the state of the moment (locks, condemned lists, config, key slots).
 */
export const isImmutableObject = (name: string): boolean => name.startsWith('packs/')
