import { Button, PasswordInput, SegmentedControl, Textarea } from '@mantine/core'
import { useState } from 'react'
import type { Destination } from '../../../../engine/contract/jobs.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import type { PlaceChoice } from '../wizard/draft.ts'
import { PlaceOptions, useOptions } from './PlaceOptions.tsx'

/** A phrase is the same in any case and with any space; a passphrase is what it is. */
const wordsOf = (text: string): string[] => text.trim().toLowerCase().split(/\s+/).filter(Boolean)

/** Opens a backup that is there, of this or another computer, with its passphrase or its sheet. */
export function OpenForm({ place, onOpened }: { place: PlaceChoice; onOpened(destination: Destination): void }) {
  const { t } = useSpeech()
  const [options, setOptions] = useOptions(place)
  const [kind, setKind] = useState<'passphrase' | 'recoveryPhrase'>('passphrase')
  const [text, setText] = useState('')
  const open = useCall('destinations.open')
  const count = wordsOf(text).length
  const isReady = options.name.trim() !== '' && (kind === 'passphrase' ? text !== '' : count === 24)
  const badWord = open.error?.code === 'repository.wrongKey' ? open.error.details?.word : undefined
  const submit = async () => {
    const secret = { kind, text: kind === 'passphrase' ? text : wordsOf(text).join(' ') }
    const opened = await open.call({ ...options, name: options.name.trim(), place, secret })
    if (opened) onOpened(opened.destination)
  }
  return (
    <form
      className="hf-fields hf-narrow"
      onSubmit={event => {
        event.preventDefault()
        if (isReady) void submit()
      }}
    >
      <p className="hf-quiet hf-destination-text">{t('wizard.key.openText')}</p>
      <PlaceOptions place={place} options={options} onChange={setOptions} />
      <SegmentedControl
        aria-label={t('wizard.key.with')}
        value={kind}
        onChange={value => {
          setKind(value as typeof kind)
          setText('')
          open.clear()
        }}
        data={[
          { value: 'passphrase', label: t('wizard.key.withPassphrase') },
          { value: 'recoveryPhrase', label: t('wizard.key.withPhrase') },
        ]}
      />
      {kind === 'passphrase' ? (
        <PasswordInput
          label={t('wizard.key.passphrase')}
          value={text}
          autoComplete="current-password"
          onChange={event => setText(event.currentTarget.value)}
        />
      ) : (
        <Textarea
          label={t('wizard.key.phrase')}
          description={t('wizard.key.wordCount', { count })}
          value={text}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          onChange={event => setText(event.currentTarget.value)}
        />
      )}
      {typeof badWord === 'number' && <Note tone="attention">{t('wizard.key.badWord', { n: badWord })}</Note>}
      <ErrorNote error={open.error} />
      <div>
        <Button type="submit" disabled={!isReady} loading={open.busy}>
          {t('wizard.key.open')}
        </Button>
      </div>
    </form>
  )
}
