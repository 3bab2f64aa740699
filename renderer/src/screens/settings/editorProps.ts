import type { JobView } from '../../../../engine/contract/helperContract.ts'
import type { JobDraft } from './jobDraft.ts'

/** What each card of the editor is given. */
export interface EditorProps {
  draft: JobDraft
  change(changes: Partial<JobDraft>): void
  view: JobView
}
