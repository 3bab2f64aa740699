import type { Run, RunOutcome } from '../../../../engine/contract/jobs.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { Speech } from '../../i18n/language.ts'
import type { Input, Output } from '../../state/calls.ts'

/** What is said and sent about files of versions. Pure. */

export type ExtractOutcome = Extract<RunOutcome, { kind: 'extract' }>
export type FilesPlan = Output<'files.planRestore'>
export type Existing = NonNullable<Input<'files.planRestore'>['existing']>

/** Where one looks: a volume of a version that is open. */
export interface Place {
  attachment: string
  volume: string
  version: LibraryVersion
}

/** What is to be got back. */
export interface Picked {
  paths: readonly string[]
  /** What was planned by itself and could not be begun. */
  plan?: FilesPlan
  folder?: string
}

/** Most that the service copies at once. */
export const mostPaths = 1000

/** "Restored from 25 November 2026": a folder that is hardly ever there already. */
export const restoredFolder = ({ t, format }: Speech, { date }: Pick<LibraryVersion, 'date'>): string =>
  t('files.restore.folderName', { day: format.day(date) })

/** The files of a run; null when it is of another kind. */
export const extractOf = (run: Run): ExtractOutcome | null => (run.outcome?.kind === 'extract' ? run.outcome : null)

/** It can begin without a question: nothing is lost by it, and there is room. */
export const isHarmless = ({ replacedCount, freeBytes, bytes }: FilesPlan): boolean =>
  replacedCount === 0 && hasRoom({ freeBytes, bytes })

export const hasRoom = ({ freeBytes, bytes }: Pick<FilesPlan, 'freeBytes' | 'bytes'>): boolean =>
  freeBytes === null || bytes <= freeBytes
