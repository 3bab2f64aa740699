import { Button, Radio } from '@mantine/core'
import { useId, useState } from 'react'
import { navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { FolderField } from '../restore/FolderField.tsx'
import { FilePlan } from './FilePlan.tsx'
import { isOwnFolder, nameOf } from './insidePaths.ts'
import { type Existing, type FilesPlan, isHarmless, type Picked, type Place, restoredFolder } from './wording.ts'

const choices = ['refuse', 'keep-both', 'replace'] as const satisfies readonly Existing[]
const namesShown = 8

/** Where the files are to go, what about those that are there, and what will happen then. */
export function FileRestore({ place, picked, onBack }: { place: Place; picked: Picked; onBack(): void }) {
  const speech = useSpeech()
  const { t, format } = speech
  const group = useId()
  const { attachment, volume, version } = place
  const { paths } = picked
  const planning = useCall('files.planRestore')
  const start = useCall('files.startRestore')
  const [folder, setFolder] = useState(() => picked.folder ?? `~/${restoredFolder(speech, version)}`)
  const [existing, setExisting] = useState<Existing>('refuse')
  const [plan, setPlan] = useState<FilesPlan | null>(picked.plan ?? null)
  const names = paths.map(path => nameOf(path) || '/')

  const change = (what: () => void) => {
    setPlan(null)
    planning.clear()
    start.clear()
    what()
  }
  const look = async (with_: Existing = existing) => {
    start.clear()
    const answer = await planning.call({ attachment, volume, paths: [...paths], folder, existing: with_ })
    if (answer) setPlan(answer)
  }
  const begin = async (agreed: FilesPlan) => {
    const begun = await start.call({ planId: agreed.planId })
    if (begun) navigate('restore', ['run', begun.run])
  }
  return (
    <Page
      title={t('files.restore.title')}
      actions={
        <Button variant="subtle" size="xs" onClick={onBack}>
          ← {t('files.restore.back')}
        </Button>
      }
    >
      <Card title={t('files.restore.what', { count: paths.length })}>
        <p className="hfv-flush hf-wrap">
          {names.slice(0, namesShown).join(', ')}
          {names.length > namesShown && ` ${t('files.restore.more', { count: names.length - namesShown })}`}
        </p>
        <p className="hfv-flush hf-quiet hf-small">
          {t('files.restore.from', {
            name: version.name,
            when: `${format.day(version.date)}, ${format.time(version.date)}`,
          })}
        </p>
      </Card>
      <form
        className="hfr-form"
        onSubmit={event => {
          event.preventDefault()
          void look()
        }}
      >
        <Card>
          <div className="hfr-options hff-target">
            <FolderField
              value={folder}
              hint={t('files.restore.folder')}
              isFolder={isOwnFolder}
              badFolder={t('files.restore.badFolder')}
              onChange={next => change(() => setFolder(next))}
            />
            <Radio.Group
              label={t('files.restore.existing')}
              value={existing}
              onChange={value => change(() => setExisting(value as Existing))}
            >
              <div className="hff-choices">
                {choices.map(choice => (
                  <Radio
                    key={choice}
                    name={group}
                    value={choice}
                    label={t(`files.restore.existing.${choice}`)}
                    description={t(`files.restore.existing.${choice}Hint`)}
                  />
                ))}
              </div>
            </Radio.Group>
          </div>
        </Card>
        <ErrorNote error={planning.error} />
        {!plan && (
          <div className="hfv-line">
            <Button type="submit" loading={planning.busy} disabled={!isOwnFolder(folder)}>
              {t('files.restore.plan')}
            </Button>
            <span className="hf-quiet hf-small" role="status">
              {planning.busy ? t('files.restore.planning') : ''}
            </span>
          </div>
        )}
      </form>
      {plan && existing === 'refuse' && plan.replacedCount > 0 ? (
        <Note
          tone="attention"
          urgent
          title={t('files.restore.there', { count: plan.replacedCount })}
          actions={choices
            .filter(choice => choice !== 'refuse')
            .map(choice => (
              <Button
                key={choice}
                size="xs"
                variant="default"
                loading={planning.busy}
                onClick={() =>
                  change(() => {
                    setExisting(choice)
                    void look(choice)
                  })
                }
              >
                {t(`files.restore.existing.${choice}`)}
              </Button>
            ))}
        >
          <div>{t('files.restore.thereText')}</div>
          <ul className="hfv-plain hf-small">
            {plan.replaced.slice(0, namesShown).map(name => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </Note>
      ) : (
        plan && (
          <FilePlan
            plan={plan}
            asks={!isHarmless(plan) && existing === 'replace'}
            busy={start.busy}
            error={start.error}
            isLooking={planning.busy}
            onStart={() => void begin(plan)}
            onAgain={() => void look()}
          />
        )
      )}
    </Page>
  )
}
