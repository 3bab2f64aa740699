import { Button, Radio } from '@mantine/core'
import { useId, useState } from 'react'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Output, useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { usePlaces } from '../versions/places.ts'
import { FolderField } from './FolderField.tsx'
import { driveChoices, type Place } from './placeChoices.ts'
import { SecretStep } from './SecretStep.tsx'
import { StartLink } from './StartLink.tsx'
import { deviceText, isFolder } from './wording.ts'

/** Where a backup of another computer is; then what opens it; then its versions, as those of any other destination. */
export function OtherComputer() {
  const { t, format } = useSpeech()
  const devices = useHouse(house => house.devices)
  const name = useId()
  const look = useCall('places.look')
  const [kind, setKind] = useState<'drive' | 'folder' | null>(null)
  const [device, setDevice] = useState<string | null>(null)
  const [folder, setFolder] = useState('')
  const [found, setFound] = useState<{ place: Place; title: string; answer: Output<'places.look'> } | null>(null)
  const drives = driveChoices(devices ?? [])
  const drive = drives.find(({ id }) => id === device)

  const place: Place | null =
    kind === 'drive' && drive
      ? { kind, device: drive.id }
      : kind === 'folder' && isFolder(folder)
        ? { kind, path: folder }
        : null
  const start = async () => {
    if (!place) return
    setFound(null)
    const answer = await look.call({ place })
    if (answer) setFound({ place, title: drive && kind === 'drive' ? deviceTitle(drive) : folder, answer })
  }
  const choose = (change: () => void) => {
    setFound(null)
    look.clear()
    change()
  }

  if (found?.answer.state === 'repository' && found.answer.destination === null) {
    return (
      <SecretStep
        place={found.place}
        title={found.title}
        path={found.answer.path ?? found.title}
        onBack={() => setFound(null)}
      />
    )
  }
  return (
    <Page title={t('restore.place.title')} actions={<StartLink />}>
      <form
        className="hfr-form"
        onSubmit={event => {
          event.preventDefault()
          void start()
        }}
      >
        <Card title={t('restore.place.drives')}>
          {drives.length === 0 && <p className="hf-quiet hfv-flush">{t('restore.place.none')}</p>}
          <div className="hfr-targets" role="radiogroup" aria-label={t('restore.place.drives')}>
            {drives.map(one => (
              <Radio
                key={one.id}
                name={name}
                value={one.id}
                checked={kind === 'drive' && device === one.id}
                label={<span className="hf-wrap">{deviceText(t, format, one)}</span>}
                description={<span className="hf-wrap">{one.mountPoints[0] ?? one.path}</span>}
                onChange={() =>
                  choose(() => {
                    setKind('drive')
                    setDevice(one.id)
                  })
                }
              />
            ))}
          </div>
        </Card>
        <Card>
          <Radio
            name={name}
            value="folder"
            checked={kind === 'folder'}
            label={<strong>{t('restore.place.folder')}</strong>}
            onChange={() => choose(() => setKind('folder'))}
          />
          {kind === 'folder' && (
            <div className="hfr-file">
              <FolderField
                value={folder}
                hint={t('restore.place.folderHint')}
                onChange={text => choose(() => setFolder(text))}
              />
            </div>
          )}
        </Card>
        <Card title={t('elsewhere.title')}>
          <Button component="a" variant="default" href={hrefOf('destinations', ['add'])}>
            {t('elsewhere.open')}
          </Button>
        </Card>
        <ErrorNote error={look.error} />
        {found && <Found answer={found.answer} />}
        <div className="hfv-line">
          <Button type="submit" loading={look.busy} disabled={!place}>
            {t('restore.place.look')}
          </Button>
          <span className="hf-quiet hf-small" role="status">
            {look.busy ? t('restore.place.looking') : ''}
          </span>
        </div>
      </form>
    </Page>
  )
}

/** What was found, when it is no backup to be opened. */
function Found({ answer }: { answer: Output<'places.look'> }) {
  const { t } = useSpeech()
  const places = usePlaces()
  if (answer.state === 'repository' && answer.destination !== null) {
    return (
      <Note
        tone="protected"
        urgent
        title={t('restore.place.known', { destination: places.name(answer.destination) })}
        actions={
          <Button component="a" size="xs" href={hrefOf('restore', ['disk'], { destination: answer.destination })}>
            {t('restore.place.knownGo')}
          </Button>
        }
      />
    )
  }
  if (answer.state === 'refused') {
    return (
      <Note tone="attention" urgent title={t('restore.place.refused')}>
        {answer.problem?.message} {answer.problem?.advice}
      </Note>
    )
  }
  return (
    <Note tone="attention" urgent title={t('restore.place.nothing')}>
      {t('restore.place.nothingText')}
    </Note>
  )
}
