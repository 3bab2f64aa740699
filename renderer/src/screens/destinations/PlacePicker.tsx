import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { DriveIcon } from '../../components/icons.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { useHouse, useShell } from '../../state/context.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { ElsewhereForm } from '../elsewhere/ElsewhereForm.tsx'
import { emptyDraft, type LocalPlace, type PlaceChoice, type PlaceFacts, placesOn } from '../wizard/draft.ts'

interface PlacePickerProps {
  place: PlaceChoice | null
  /** `facts` are null while it is being looked at, and when that failed. */
  onChoose(place: PlaceChoice | null, facts: PlaceFacts | null): void
}

/** Drives that are connected, a folder, or a place elsewhere; and what is there. */
export function PlacePicker({ place, onChoose }: PlacePickerProps) {
  const { t, format } = useSpeech()
  const shell = useShell()
  const devices = useHouse(house => house.devices) ?? []
  const { value: usage } = useQuery('sources.usage', {})
  const look = useCall('places.look')
  const [folder, setFolder] = useState('')
  const choose = async (wanted: LocalPlace) => {
    onChoose(wanted, null)
    onChoose(wanted, (await look.call({ place: wanted })) ?? null)
  }
  const chooseFolder = (path: string) => {
    if (path.trim() !== '') void choose({ kind: 'folder', path: path.trim() })
  }
  const browse = async () => {
    const path = await shell.chooseFolder()
    if (typeof path !== 'string') return
    setFolder(path)
    chooseFolder(path)
  }
  const isLocal = place !== null && place.kind !== 'elsewhere'
  const places = placesOn(emptyDraft, { devices: [...devices] })
  return (
    <div className="hf-fields">
      <div aria-live="polite">
        {places.length === 0 && <p className="hf-quiet hf-destination-text">{t('wizard.where.noDrives')}</p>}
      </div>
      <fieldset className="hf-places">
        <legend className="hf-hidden">{t('wizard.where.drives')}</legend>
        {places.map(({ device, refusal }) => {
          const used = usage?.usages.find(one => one.device === device.id)?.usedBytes
          const size = format.bytes(device.sizeBytes)
          return (
            <label key={device.id} className="hf-place">
              <input
                type="radio"
                name="place"
                disabled={refusal !== null}
                checked={place?.kind === 'drive' && place.device === device.id}
                onChange={() => void choose({ kind: 'drive', device: device.id })}
              />
              <DriveIcon size={24} />
              <strong>{deviceTitle(device)}</strong>
              <span className="hf-quiet hf-small">
                {used === undefined
                  ? size
                  : t('wizard.where.free', { free: format.bytes(device.sizeBytes - used), size })}
              </span>
              <span className="hf-quiet hf-small">
                {refusal ? t(`wizard.where.${refusal}`) : t('wizard.where.connected')}
              </span>
            </label>
          )
        })}
      </fieldset>
      <form
        className="hf-row"
        onSubmit={event => {
          event.preventDefault()
          chooseFolder(folder)
        }}
      >
        <TextInput
          className="hf-grow"
          label={t('wizard.where.path')}
          description={t('wizard.where.folderText')}
          placeholder="/mnt/backup"
          value={folder}
          onChange={event => setFolder(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={folder.trim() === ''}>
          {t('wizard.where.look')}
        </Button>
        {shell.kind === 'desktop' && (
          <Button variant="default" onClick={() => void browse()}>
            {t('wizard.what.choose')}
          </Button>
        )}
      </form>
      <div aria-live="polite">
        {look.busy && <p className="hf-quiet hf-destination-text">{t('wizard.where.looking')}</p>}
        <ErrorNote error={look.error} />
        {!look.busy && !look.error && look.value && isLocal && <Findings facts={look.value} />}
      </div>
      <h3 className="hf-place-heading">{t('elsewhere.title')}</h3>
      <ElsewhereForm isChosen={place?.kind === 'elsewhere'} onChoose={onChoose} />
    </div>
  )
}

function Findings({ facts }: { facts: PlaceFacts }) {
  const { t, format } = useSpeech()
  const known = useHouse(house => house.destinations?.find(view => view.destination.id === facts.destination))
  if (facts.state === 'refused') {
    return (
      <Note tone="danger" title={facts.problem?.message}>
        {facts.problem?.advice}
      </Note>
    )
  }
  if (facts.destination !== null) {
    return (
      <Note tone="attention">
        {t('wizard.where.alreadyYours', { name: known?.destination.name ?? facts.path ?? '' })}
      </Note>
    )
  }
  if (facts.state === 'repository') {
    return (
      <Note tone="waiting" title={t('wizard.where.existing')}>
        {t('wizard.where.existingText')}
      </Note>
    )
  }
  if (facts.freeBytes === null) return <Note tone="protected">{t('wizard.where.ready')}</Note>
  const free = format.bytes(facts.freeBytes)
  if (!facts.hasOtherFiles || facts.otherBytes === null) {
    return <Note tone="protected">{t('wizard.where.room', { free })}</Note>
  }
  const values = { name: facts.path ?? '', other: format.bytes(facts.otherBytes), free }
  return <Note tone="protected">{t('wizard.where.otherFiles', values)}</Note>
}
