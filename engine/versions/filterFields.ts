import { consistencies, readMethods, type Version, versionStatuses } from '../contract/models.ts'

/**
 * The fields that a filter can name, and where they are in a version.
 *
 * text: quoted text. choice: quoted text out of a list. flag: true or false. date: quoted date. bytes: a number with an
 * optional unit such as 10GiB. duration: a number with an optional unit such as 5min.
 */
export type FilterField =
  | { kind: 'text'; get: (version: Version) => string }
  | { kind: 'choice'; choices: readonly string[]; get: (version: Version) => string }
  | { kind: 'flag'; get: (version: Version) => boolean }
  | { kind: 'date'; get: (version: Version) => string }
  | { kind: 'bytes' | 'duration'; get: (version: Version) => number }

const fields = {
  id: { kind: 'text', get: version => version.id },
  name: { kind: 'text', get: version => version.name },
  date: { kind: 'date', get: version => version.date },
  size: { kind: 'bytes', get: version => version.sizeBytes },
  blockSize: { kind: 'bytes', get: version => version.blockSizeBytes },
  status: { kind: 'choice', choices: versionStatuses, get: version => version.status },
  protected: { kind: 'flag', get: version => version.protected },
  read: { kind: 'bytes', get: version => version.readBytes },
  new: { kind: 'bytes', get: version => version.newBytes },
  stored: { kind: 'bytes', get: version => version.storedBytes },
  holes: { kind: 'bytes', get: version => version.holeBytes },
  duration: { kind: 'duration', get: version => version.durationMs },
  method: { kind: 'choice', choices: readMethods, get: version => version.method },
  consistency: { kind: 'choice', choices: consistencies, get: version => version.consistency },
  source: { kind: 'text', get: version => version.source },
  host: { kind: 'text', get: version => version.host },
  /** A version without a base has the empty text. */
  base: { kind: 'text', get: version => version.base ?? '' },
} as const satisfies Record<string, FilterField>

export type FieldName = keyof typeof fields

export const fieldNames = Object.keys(fields) as FieldName[]

export const isFieldName = (word: string): word is FieldName => Object.hasOwn(fields, word)

export const fieldOf = (name: FieldName): FilterField => fields[name]
