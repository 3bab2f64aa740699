import { Button, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { CloudIcon, DriveIcon, FolderIcon, type Icon, ServerIcon } from '../../components/icons.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useShell } from '../../state/context.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { placeTitle } from '../destinations/state.ts'
import { ElsewhereForm } from '../elsewhere/ElsewhereForm.tsx'
import {
  type ChosenDestination,
  draftBytes,
  type LocalPlace,
  type PlaceChoice,
  type PlaceFacts,
  placesOn,
  withoutAnother,
} from './draft.ts'
import type { StepProps } from './WhatStep.tsx'
import { WizardFrame } from './WizardFrame.tsx'

const signOf = (kind: DestinationView['place']['kind']): Icon =>
  kind === 'drive' ? DriveIcon : kind === 'folder' ? FolderIcon : kind === 'sftp' ? ServerIcon : CloudIcon

export function WhereStep({
  draft,
  change,
  inventory,
  usedOf,
  onNext,
  onBack,
  onNoOther,
}: StepProps & { onNoOther(): void }) {
  const { t, format } = useSpeech()
  const shell = useShell()
  const destinations = useHouse(house => house.destinations) ?? []
  const look = useCall('places.look')
  const [folder, setFolder] = useState(draft.place?.kind === 'folder' ? draft.place.path : '')
  const places = placesOn(draft, inventory)
  const need = draftBytes(draft, inventory, usedOf).readBytes
  const { facts, place } = draft

  const choose = async (wanted: LocalPlace) => {
    change({ place: wanted, facts: null, destination: null })
    const found = await look.call({ place: wanted })
    if (found) take(wanted, found)
  }
  const take = (wanted: PlaceChoice, found: PlaceFacts) => {
    const known = destinations.find(view => view.destination.id === found.destination)
    const isDrive = known ? known.destination.drive !== null : wanted.kind === 'drive'
    change({
      place: wanted,
      facts: found,
      destination: known
        ? { id: known.destination.id, name: known.destination.name, freeBytes: found.freeBytes, isDrive }
        : null,
    })
  }
  const chooseKnown = (destination: ChosenDestination) => change({ place: null, facts: null, destination })
  const browse = async () => {
    const path = await shell.chooseFolder()
    if (typeof path !== 'string') return
    setFolder(path)
    await choose({ kind: 'folder', path })
  }

  const isTaken = draft.others.some(({ id }) => id === draft.destination?.id)
  const unused = destinations.filter(view => draft.others.every(({ id }) => id !== view.destination.id))
  const isReady = (!isTaken && draft.destination !== null) || (!isTaken && facts !== null && facts.state !== 'refused')
  return (
    <WizardFrame step="where" onNext={isReady ? onNext : null} onBack={onBack}>
      {draft.others.length > 0 && (
        <Note
          tone="protected"
          actions={
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                change(withoutAnother(draft))
                onNoOther()
              }}
            >
              {t('elsewhere.another.none')}
            </Button>
          }
        >
          {t('elsewhere.another.chosen', { names: format.list(draft.others.map(({ name }) => name)) })}
        </Note>
      )}
      {unused.length > 0 && (
        <Card title={t('wizard.where.known')}>
          <fieldset className="hf-places">
            <legend className="hf-hidden">{t('wizard.where.known')}</legend>
            {unused.map(({ destination, state, usage, place: where }) => {
              const chosen: ChosenDestination = {
                id: destination.id,
                name: destination.name,
                freeBytes: usage?.freeBytes ?? null,
                isDrive: destination.drive !== null,
              }
              return (
                <PlaceCard
                  key={destination.id}
                  Sign={signOf(where.kind)}
                  title={destination.name}
                  facts={[
                    placeTitle(where),
                    state.state === 'missing'
                      ? t('state.missing')
                      : state.state === 'unreachable'
                        ? t('state.offline')
                        : t(
                            where.kind === 'drive' || where.kind === 'folder'
                              ? 'wizard.where.connected'
                              : 'state.connected',
                          ),
                  ]}
                  checked={place === null && draft.destination?.id === destination.id}
                  onChoose={() => chooseKnown(chosen)}
                />
              )
            })}
          </fieldset>
        </Card>
      )}
      <Card title={t('wizard.where.drives')}>
        <div aria-live="polite">
          {places.length === 0 && <p className="hf-quiet hf-flush">{t('wizard.where.noDrives')}</p>}
        </div>
        <fieldset className="hf-places">
          <legend className="hf-hidden">{t('wizard.where.drives')}</legend>
          {places.map(({ device, refusal }) => {
            const used = usedOf(device)
            const size = format.bytes(device.sizeBytes)
            const room =
              used === undefined ? size : t('wizard.where.free', { free: format.bytes(device.sizeBytes - used), size })
            return (
              <PlaceCard
                key={device.id}
                Sign={DriveIcon}
                title={deviceTitle(device)}
                facts={[room, refusal ? t(`wizard.where.${refusal}`) : t('wizard.where.connected')]}
                checked={place?.kind === 'drive' && place.device === device.id}
                disabled={refusal !== null}
                onChoose={() => void choose({ kind: 'drive', device: device.id })}
              />
            )
          })}
        </fieldset>
      </Card>
      <Card title={t('wizard.where.folder')}>
        <p className="hf-quiet hf-flush">{t('wizard.where.folderText')}</p>
        <div className="hf-row">
          <TextInput
            className="hf-grow"
            label={t('wizard.where.path')}
            placeholder="/mnt/backup"
            value={folder}
            onChange={event => setFolder(event.currentTarget.value)}
            onKeyDown={event => {
              if (event.key !== 'Enter' || folder.trim() === '') return
              event.preventDefault()
              void choose({ kind: 'folder', path: folder.trim() })
            }}
          />
          <Button
            variant="default"
            disabled={folder.trim() === ''}
            onClick={() => void choose({ kind: 'folder', path: folder.trim() })}
          >
            {t('wizard.where.look')}
          </Button>
          {shell.kind === 'desktop' && (
            <Button variant="default" onClick={() => void browse()}>
              {t('wizard.what.choose')}
            </Button>
          )}
        </div>
      </Card>
      <Card title={t('elsewhere.title')}>
        <p className="hf-quiet hf-flush">{t('elsewhere.text')}</p>
        <ElsewhereForm
          isChosen={place?.kind === 'elsewhere'}
          onChoose={(wanted, found) =>
            wanted && found ? take(wanted, found) : change({ place: null, facts: null, destination: null })
          }
        />
      </Card>
      <div aria-live="polite">
        {look.busy && <p className="hf-quiet hf-flush">{t('wizard.where.looking')}</p>}
        {place !== null && place.kind !== 'elsewhere' && (
          <ErrorNote
            error={look.error}
            actions={
              <Button size="xs" variant="default" onClick={() => void choose(place)}>
                {t('action.tryAgain')}
              </Button>
            }
          />
        )}
        {place !== null && place.kind !== 'elsewhere' && !look.busy && <Findings draft={draft} inventory={inventory} />}
      </div>
      {isReady && facts?.state === 'free' && facts.freeBytes !== null && facts.freeBytes < need && (
        <Note tone="attention" title={t('wizard.where.small')}>
          {t('wizard.where.smallText', { need: format.bytes(need), free: format.bytes(facts.freeBytes) })}
        </Note>
      )}
    </WizardFrame>
  )
}

/** What looking at the place has brought. */
function Findings({ draft, inventory }: Pick<StepProps, 'draft' | 'inventory'>) {
  const { t, format } = useSpeech()
  const { facts, place, destination } = draft
  if (!facts || !place) return null
  if (facts.state === 'refused') {
    return (
      <Note tone="danger" title={facts.problem?.message}>
        {facts.problem?.advice}
      </Note>
    )
  }
  if (destination) return <Note tone="protected">{t('wizard.where.alreadyYours', { name: destination.name })}</Note>
  if (facts.state === 'repository') {
    return (
      <Note tone="waiting" title={t('wizard.where.existing')}>
        {t('wizard.where.existingText')}
      </Note>
    )
  }
  const device = place.kind === 'drive' ? inventory.devices.find(one => one.id === place.device) : undefined
  const name = device ? deviceTitle(device) : (facts.path ?? '')
  if (facts.freeBytes === null) return <Note tone="protected">{t('wizard.where.ready')}</Note>
  const free = format.bytes(facts.freeBytes)
  if (facts.hasOtherFiles && facts.otherBytes !== null) {
    return (
      <Note tone="protected">
        {t('wizard.where.otherFiles', { name, other: format.bytes(facts.otherBytes), free })}
      </Note>
    )
  }
  return <Note tone="protected">{t('wizard.where.room', { free })}</Note>
}

interface PlaceCardProps {
  Sign: Icon
  title: ReactNode
  facts: readonly string[]
  checked: boolean
  disabled?: boolean
  onChoose(): void
}

function PlaceCard({ Sign, title, facts, checked, disabled = false, onChoose }: PlaceCardProps) {
  return (
    <label className="hf-place">
      <input type="radio" name="place" checked={checked} disabled={disabled} onChange={onChoose} />
      <Sign size={24} />
      <strong>{title}</strong>
      {facts.map(fact => (
        <span key={fact} className="hf-quiet hf-small">
          {fact}
        </span>
      ))}
    </label>
  )
}
