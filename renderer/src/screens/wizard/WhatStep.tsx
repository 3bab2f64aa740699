import { Button, Checkbox, CloseButton, SegmentedControl, TextInput } from '@mantine/core'
import { useState } from 'react'
import { backupWays, type HowBackedUp } from '../../../../engine/contract/backupWays.ts'
import type { DriveDevice, DriveInventory } from '../../../../engine/contract/drives.ts'
import { DiskMap } from '../../components/DiskMap.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { wayText, wayTexts } from '../../components/wayText.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useShell } from '../../state/context.ts'
import { deviceTitle, drawDisks } from '../../state/diskTree.ts'
import {
  chosenInUse,
  coverage,
  type DiskChoice,
  type Draft,
  draftBytes,
  type ImageFile,
  isEncrypted,
  partsOf,
} from './draft.ts'
import { InUse } from './InUse.tsx'
import { WizardFrame } from './WizardFrame.tsx'

export interface StepProps {
  draft: Draft
  change(changes: Partial<Draft>): void
  inventory: DriveInventory
  usedOf(device: DriveDevice): number | undefined
  onNext(): void
  onBack?: () => void
}

export function WhatStep({ draft, change, inventory, usedOf, onNext }: StepProps) {
  const { t, format } = useSpeech()
  const disks = drawDisks(inventory).map(({ disk }) => disk)
  const inUse = chosenInUse(draft, inventory)
  const isAgreed = inUse.every(({ id }) => draft.readInUse.includes(id))
  const isCovered = coverage(draft, inventory)
  const sums = draftBytes(draft, inventory, usedOf)
  const wayOf = backupWays(inventory)
  return (
    <WizardFrame
      step="what"
      onNext={sums.count > 0 && isAgreed ? onNext : null}
      hint={
        sums.count === 0
          ? t('wizard.what.nothing')
          : isAgreed
            ? t('wizard.what.sum', { count: sums.count, size: format.bytes(sums.sizeBytes) })
            : t('wizard.what.agreeFirst')
      }
    >
      {disks.length === 0 ? (
        <Note tone="waiting">{t('wizard.what.noDevices')}</Note>
      ) : (
        <>
          <p className="hf-quiet hf-flush">{t('wizard.what.text')}</p>
          <Card>
            <DiskMap
              inventory={inventory}
              protectionOf={device => (isCovered(device) ? 'protected' : 'none')}
              wordOf={device => (isCovered(device) ? t('wizard.what.chosen') : t('wizard.what.notChosen'))}
              usedOf={usedOf}
              howOf={device => wayTexts(t, wayOf(device))}
            />
          </Card>
          <Card>
            {disks.map(disk => (
              <DiskChoices key={disk.id} disk={disk} {...{ draft, change, inventory, usedOf, wayOf }} />
            ))}
          </Card>
          <InUse draft={draft} change={change} devices={inUse} wayOf={wayOf} />
        </>
      )}
      <ImageFiles files={draft.files} onChange={files => change({ files })} />
    </WizardFrame>
  )
}

type ChoicesProps = Pick<StepProps, 'draft' | 'change' | 'inventory' | 'usedOf'> & {
  disk: DriveDevice
  wayOf(device: DriveDevice): HowBackedUp
}

function DiskChoices({ disk, draft, change, inventory, usedOf, wayOf }: ChoicesProps) {
  const { t, format } = useSpeech()
  const choice = draft.disks?.[disk.id] ?? 'none'
  const parts = partsOf(disk, inventory)
  const canSplit = parts.length > 1 || (parts.length === 1 && parts[0]!.id !== disk.id)
  const isSource = wayOf(disk).way !== 'not'
  const set = (value: DiskChoice) => {
    const isNew = value === 'parts' && !parts.some(({ id }) => draft.parts.includes(id))
    change({
      disks: { ...draft.disks, [disk.id]: value },
      ...(isNew ? { parts: [...draft.parts, ...parts.map(({ id }) => id)] } : {}),
    })
  }
  const toggle = (id: string, isOn: boolean) =>
    change({ parts: isOn ? [...draft.parts, id] : draft.parts.filter(one => one !== id) })
  return (
    <div className="hf-disk-choice">
      <div className="hf-disk-head">
        <div className="hf-wrap">
          <strong>{deviceTitle(disk)}</strong> <span className="hf-quiet hf-small">{format.bytes(disk.sizeBytes)}</span>
        </div>
        {!isSource && !canSplit ? (
          <span className="hf-quiet hf-small">{wayText(t, wayOf(disk))}</span>
        ) : (
          <SegmentedControl
            size="xs"
            aria-label={t('wizard.what.choiceOf', { disk: deviceTitle(disk) })}
            value={choice}
            onChange={value => set(value as DiskChoice)}
            data={[
              ...(isSource ? [{ value: 'whole', label: t('wizard.what.whole') }] : []),
              ...(canSplit ? [{ value: 'parts', label: t('wizard.what.parts') }] : []),
              { value: 'none', label: t('wizard.what.none') },
            ]}
          />
        )}
      </div>
      {choice === 'whole' && (
        <div className="hf-quiet hf-small">
          {isEncrypted(disk, inventory)
            ? t('wizard.what.wholeEncrypted', { size: format.bytes(disk.sizeBytes) })
            : t('wizard.what.wholeHint')}{' '}
          <strong>{wayText(t, wayOf(disk))}.</strong>
        </div>
      )}
      {choice === 'parts' && (
        <div className="hf-parts">
          {parts.map(part => {
            const used = usedOf(part)
            const size = format.bytes(part.sizeBytes)
            return (
              <Checkbox
                key={part.id}
                checked={draft.parts.includes(part.id)}
                onChange={event => toggle(part.id, event.currentTarget.checked)}
                label={deviceTitle(part)}
                description={[
                  used === undefined ? size : t('wizard.what.used', { used: format.bytes(used), size }),
                  ...part.mountPoints.slice(0, 1),
                  wayText(t, wayOf(part)),
                ].join(' · ')}
              />
            )
          })}
        </div>
      )}
    </div>
  )
}

function ImageFiles({ files, onChange }: { files: readonly ImageFile[]; onChange(files: readonly ImageFile[]): void }) {
  const { t, format } = useSpeech()
  const shell = useShell()
  const [path, setPath] = useState('')
  const offer = useCall('sources.offerFile')
  const facts = useCall('sources.fileFacts')
  const add = async (wanted: string) => {
    if (wanted === '' || files.some(file => file.path === wanted)) return
    const offered = await offer.call({ path: wanted })
    if (!offered) return
    const found = await facts.call({ source: offered.source })
    if (!found) return
    setPath('')
    onChange([...files, { source: offered.source, ...found }])
  }
  const choose = async () => {
    const chosen = await shell.chooseFile()
    if (typeof chosen === 'string') await add(chosen)
  }
  return (
    <Card title={t('wizard.what.files')}>
      <p className="hf-quiet hf-flush">{t('wizard.what.filesText')}</p>
      {files.length > 0 && (
        <ul className="hf-plain-list">
          {files.map(file => (
            <li key={file.source} className="hf-row">
              <span className="hf-grow hf-wrap">
                {file.path} <span className="hf-quiet hf-small">{format.bytes(file.sizeBytes)}</span>
              </span>
              <CloseButton
                aria-label={t('wizard.what.remove', { path: file.path })}
                onClick={() => onChange(files.filter(one => one.source !== file.source))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className="hf-row">
        <TextInput
          className="hf-grow"
          label={t('wizard.what.path')}
          placeholder="/var/lib/machines/disk.img"
          value={path}
          onChange={event => setPath(event.currentTarget.value)}
          onKeyDown={event => {
            // Enter adds the file; the step is not done with it.
            if (event.key !== 'Enter' || path.trim() === '') return
            event.preventDefault()
            void add(path.trim())
          }}
        />
        <Button
          variant="default"
          disabled={path.trim() === ''}
          loading={offer.busy || facts.busy}
          onClick={() => void add(path.trim())}
        >
          {t('wizard.what.add')}
        </Button>
        {shell.kind === 'desktop' && (
          <Button variant="default" onClick={() => void choose()}>
            {t('wizard.what.choose')}
          </Button>
        )}
      </div>
      <ErrorNote error={offer.error ?? facts.error} />
    </Card>
  )
}
