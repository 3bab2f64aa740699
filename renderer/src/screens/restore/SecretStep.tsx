import { Button, PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { hrefOf, navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import type { Place } from './placeChoices.ts'
import { StartLink } from './StartLink.tsx'
import { freeName, secretTrouble, wordsIn } from './wording.ts'

type Kind = 'passphrase' | 'recoveryPhrase'

export interface SecretStepProps {
  place: Place
  /** What to call the place. */
  title: string
  path: string
  onBack(): void
}

/** Opens a backup that was found. However often it is tried, nothing is counted and nothing is locked. */
export function SecretStep({ place, title, path, onBack }: SecretStepProps) {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations)
  const open = useCall('destinations.open')
  const refresh = useCall('versions.refresh')
  const [kind, setKind] = useState<Kind>('passphrase')
  const [passphrase, setPassphrase] = useState('')
  const [words, setWords] = useState('')
  const [name, setName] = useState(() =>
    freeName(
      t('restore.secret.defaultName', { place: title }),
      (destinations ?? []).map(view => view.destination.name),
    ),
  )
  const text = kind === 'passphrase' ? passphrase : wordsIn(words).join(' ')
  const trouble = open.error ? secretTrouble(t, open.error, kind) : undefined
  const busy = open.busy || refresh.busy

  const start = async () => {
    const answer = await open.call({ name: name.trim(), place, secret: { kind, text } })
    if (!answer) return
    const { id } = answer.destination
    // Should this fail, the list says what to do; the backup itself is open.
    await refresh.call({ destination: id })
    navigate('restore', ['disk'], { destination: id })
  }
  return (
    <Page title={t('restore.secret.title')} actions={<StartLink />}>
      <Note
        tone="protected"
        title={t('restore.place.found', { path })}
        actions={
          <Button size="xs" variant="default" onClick={onBack}>
            {t('restore.place.other')}
          </Button>
        }
      />
      <form
        className="hfr-form"
        onSubmit={event => {
          event.preventDefault()
          void start()
        }}
      >
        <Card>
          <div className="hfr-options">
            <SegmentedControl
              aria-label={t('restore.secret.kind')}
              value={kind}
              data={[
                { value: 'passphrase', label: t('restore.secret.passphrase') },
                { value: 'recoveryPhrase', label: t('restore.secret.words') },
              ]}
              onChange={value => {
                open.clear()
                setKind(value as Kind)
              }}
            />
            {kind === 'passphrase' ? (
              <PasswordInput
                label={t('restore.secret.passphrase')}
                value={passphrase}
                autoComplete="off"
                onChange={event => setPassphrase(event.currentTarget.value)}
              />
            ) : (
              <div>
                <Textarea
                  label={t('restore.secret.wordsLabel')}
                  description={t('restore.secret.wordsHint')}
                  value={words}
                  rows={4}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  onChange={event => setWords(event.currentTarget.value)}
                />
                <div className="hf-quiet hf-small">
                  {t('restore.secret.wordsSoFar', { count: wordsIn(words).length })}
                </div>
              </div>
            )}
            <TextInput
              label={t('restore.secret.name')}
              value={name}
              maxLength={100}
              onChange={event => setName(event.currentTarget.value)}
            />
          </div>
        </Card>
        {trouble ? (
          <Note tone="attention" urgent title={trouble.title}>
            {trouble.text}
          </Note>
        ) : (
          <ErrorNote error={open.error} />
        )}
        <div className="hfv-line">
          <Button type="submit" loading={busy} disabled={text === '' || name.trim() === ''}>
            {t('restore.secret.open')}
          </Button>
          <span className="hf-quiet hf-small" role="status">
            {busy ? t('restore.secret.opening') : ''}
          </span>
        </div>
      </form>
      <details className="hfr-lost">
        <summary>{t('restore.secret.lost')}</summary>
        <p>{t('restore.secret.lostText')}</p>
        <Button component="a" size="xs" variant="default" href={hrefOf('wizard')}>
          {t('action.setUp')}
        </Button>
      </details>
    </Page>
  )
}
