import { Button, PasswordInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Volume } from '../../../../engine/contract/files.ts'
import { DriveIcon, LockIcon, NoneIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card, EmptyState } from '../../components/Page.tsx'
import type { Speech } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

export interface VolumesProps {
  attachment: string
  volumes: readonly Volume[]
  onVolumes(volumes: readonly Volume[]): void
  onOpen(volume: string): void
}

/** What a volume is called: its label, else what it is for, else its place. */
export const volumeTitle = ({ label, purpose, name }: Volume): string => label ?? purpose ?? name

/** "p2 · ext4 · 12 GB of 40 GB used" */
export function volumeFacts(volume: Volume, { t, format }: Speech): string {
  const { name, kind, sizeBytes, usedBytes } = volume
  return [
    ...(volumeTitle(volume) === name ? [] : [name]),
    ...(kind === null ? [] : [kind]),
    usedBytes === null
      ? format.bytes(sizeBytes)
      : t('files.volume.used', { used: format.bytes(usedBytes), size: format.bytes(sizeBytes) }),
  ].join(' · ')
}

/** The volumes of a version, to choose one of. */
export function Volumes({ attachment, volumes, onVolumes, onOpen }: VolumesProps) {
  const speech = useSpeech()
  const { t } = speech
  if (volumes.length === 0)
    return <EmptyState title={t('files.volumes.none')}>{t('files.volumes.noneText')}</EmptyState>
  return (
    <Card title={t('files.volumes')}>
      <ul className="hf-plain-list hff-volumes">
        {volumes.map(volume => {
          const Sign = { ready: DriveIcon, locked: LockIcon, closed: NoneIcon }[volume.state]
          return (
            <li key={volume.name} data-state={volume.state}>
              <Sign />
              <div className="hff-volume-text">
                <strong className="hf-wrap">{volumeTitle(volume)}</strong>
                <div className="hf-quiet hf-small hf-wrap">{volumeFacts(volume, speech)}</div>
                {volume.state === 'locked' && <Unlock attachment={attachment} volume={volume} onVolumes={onVolumes} />}
                {volume.state === 'closed' && (
                  <div className="hf-small hf-wrap">
                    {t('files.volume.closed')}
                    {volume.why === null ? '' : `: ${volume.why}`}
                  </div>
                )}
              </div>
              {volume.state === 'ready' && (
                <Button
                  size="xs"
                  aria-label={t('files.volume.open', { name: volumeTitle(volume) })}
                  onClick={() => onOpen(volume.name)}
                >
                  {t('files.open')}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

function Unlock({ attachment, volume, onVolumes }: Omit<VolumesProps, 'volumes' | 'onOpen'> & { volume: Volume }) {
  const { t } = useSpeech()
  const unlock = useCall('files.unlock')
  const [passphrase, setPassphrase] = useState('')
  const open = async (event: FormEvent) => {
    event.preventDefault()
    const answer = await unlock.call({ attachment, volume: volume.name, passphrase })
    setPassphrase('')
    if (answer) onVolumes(answer.volumes)
  }
  return (
    <form className="hff-unlock" onSubmit={event => void open(event)}>
      <div className="hf-small">{t('files.volume.locked')}</div>
      <div className="hff-unlock-field">
        <PasswordInput
          label={t('files.volume.passphrase', { name: volumeTitle(volume) })}
          description={t('files.volume.passphraseHint')}
          value={passphrase}
          autoComplete="off"
          onChange={event => setPassphrase(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={unlock.busy} disabled={passphrase === ''}>
          {t('files.volume.unlock')}
        </Button>
      </div>
      <ErrorNote error={unlock.error} />
    </form>
  )
}
