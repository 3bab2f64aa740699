import { PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import type { NewPlaceProps } from './CreateKey.tsx'
import type { ChosenDestination } from './draft.ts'
import { destinationName } from './naming.ts'
import { WizardFrame } from './WizardFrame.tsx'

/** Opens a backup that is there, of this or another computer. */
export function OpenKey({
  place,
  facts,
  devices,
  onBack,
  onOpened,
}: NewPlaceProps & { onOpened(destination: ChosenDestination): void }) {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations) ?? []
  const [name, setName] = useState(() =>
    destinationName(
      place,
      devices,
      destinations.map(view => view.destination.name),
    ),
  )
  const [kind, setKind] = useState<'passphrase' | 'recoveryPhrase'>('passphrase')
  const [text, setText] = useState('')
  const open = useCall('destinations.open')
  const wordCount = text.trim() === '' ? 0 : text.trim().split(/\s+/).length
  const badWord = open.error?.code === 'repository.wrongKey' ? open.error.details?.word : undefined
  const isReady = name.trim() !== '' && (kind === 'passphrase' ? text !== '' : wordCount === 24)

  const submit = async () => {
    // A phrase is the same in any case and with any space; a passphrase is what it is.
    const secret = { kind, text: kind === 'passphrase' ? text : text.trim().toLowerCase().split(/\s+/).join(' ') }
    const opened = await open.call({ name: name.trim(), place, secret })
    if (!opened) return
    const { id, name: given, drive } = opened.destination
    onOpened({ id, name: given, freeBytes: facts.freeBytes, isDrive: drive !== null })
  }

  return (
    <WizardFrame
      step="key"
      onBack={onBack}
      onNext={isReady ? () => void submit() : null}
      nextLabel={t('wizard.key.open')}
      busy={open.busy}
    >
      <p className="hf-quiet hf-flush">{t('wizard.key.openText')}</p>
      <Card title={t('wizard.key.open')}>
        <div className="hf-fields hf-narrow">
          <TextInput
            label={t('wizard.key.name')}
            value={name}
            maxLength={100}
            onChange={event => setName(event.currentTarget.value)}
          />
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
              description={t('wizard.key.wordCount', { count: wordCount })}
              value={text}
              autosize={false}
              rows={4}
              autoComplete="off"
              spellCheck={false}
              onChange={event => setText(event.currentTarget.value)}
            />
          )}
        </div>
      </Card>
      {typeof badWord === 'number' && <Note tone="attention">{t('wizard.key.badWord', { n: badWord })}</Note>}
      <ErrorNote error={open.error} />
    </WizardFrame>
  )
}
