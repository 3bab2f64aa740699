import { Button } from '@mantine/core'
import { useState } from 'react'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import { useUnsaved } from '../../app/leaving.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { ConditionsCard } from './ConditionsCard.tsx'
import { DestinationsCard } from './DestinationsCard.tsx'
import type { EditorProps } from './editorProps.ts'
import { JobStateCard } from './JobStateCard.tsx'
import { areSourcesChanged, changesIn, draftOf, isChanged, type JobDraft, mistakesIn } from './jobDraft.ts'
import { MoreCard } from './MoreCard.tsx'
import { PreviewCard } from './PreviewCard.tsx'
import { RemoveJob } from './RemoveJob.tsx'
import { RetentionCard } from './RetentionCard.tsx'
import { ScheduleCard } from './ScheduleCard.tsx'
import { SourcesCard } from './SourcesCard.tsx'

/** Everything about one job. */
export function JobPage({ id }: { id: string }) {
  const { t } = useSpeech()
  const view = useHouse(house => house.jobs?.find(({ job }) => job.id === id))
  const back = (
    <Button component="a" href={hrefOf('settings')} variant="default" size="xs">
      {t('settings.back')}
    </Button>
  )
  if (!view) {
    return (
      <Page title={t('settings.title')}>
        <EmptyState title={t('settings.jobs.gone')} action={back}>
          {t('settings.jobs.goneText')}
        </EmptyState>
      </Page>
    )
  }
  return (
    <Page title={view.job.name} actions={back}>
      <JobEditor view={view} />
    </Page>
  )
}

function JobEditor({ view }: { view: JobView }) {
  const { job } = view
  const [edited, setEdited] = useState<JobDraft | null>(null)
  const { t } = useSpeech()
  const [isSaved, setIsSaved] = useState(false)
  const edit = useCall('jobs.edit')
  const offer = useCall('sources.offerFile')
  // Until somebody edits it, the editor shows what the helper tells, also when another window changes it.
  const draft = edited ?? draftOf(job)
  const isDirty = edited !== null && isChanged(job, edited)
  useUnsaved(isDirty)
  const isReady = isDirty && mistakesIn(draft).length === 0
  const change = (changes: Partial<JobDraft>) => {
    setIsSaved(false)
    setEdited({ ...draft, ...changes })
  }

  /** Sources by ids; files that were there before are offered again, for their ids do not last. */
  const sourceChoices = async () => {
    const choices: { source: string; name: string }[] = []
    for (const { id, path, name } of draft.sources) {
      const source = id ?? (await offer.call({ path }))?.source
      if (source === undefined) return undefined
      choices.push({ source, name })
    }
    return choices
  }
  const save = async () => {
    const sources = areSourcesChanged(job, draft) ? await sourceChoices() : null
    if (sources === undefined) return
    const changes = { ...changesIn(job, draft), ...(sources ? { sources } : {}) }
    if (!(await edit.call({ job: job.id, changes }))) return
    setEdited(null)
    setIsSaved(true)
  }

  const props: EditorProps = { draft, change, view }
  return (
    <>
      <JobStateCard view={view} />
      <SourcesCard {...props} />
      <DestinationsCard {...props} />
      <ScheduleCard {...props} />
      <ConditionsCard {...props} />
      <RetentionCard {...props} />
      <MoreCard {...props} />
      <ErrorNote error={offer.error ?? edit.error} />
      <div className="hf-save-bar" data-dirty={isDirty || undefined}>
        <span role="status" className="hf-save-words">
          {isDirty ? t('job.unsaved') : isSaved ? t('job.saved') : ''}
        </span>
        {isDirty && (
          <>
            <Button variant="default" onClick={() => setEdited(null)}>
              {t('job.undo')}
            </Button>
            <Button disabled={!isReady} loading={edit.busy || offer.busy} onClick={() => void save()}>
              {t('action.save')}
            </Button>
          </>
        )}
      </div>
      <PreviewCard view={view} />
      <RemoveJob view={view} />
    </>
  )
}
