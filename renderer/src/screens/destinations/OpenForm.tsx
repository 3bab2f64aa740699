import { Button } from '@mantine/core'
import type { Destination } from '../../../../engine/contract/jobs.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import type { PlaceChoice } from '../wizard/draft.ts'
import { BadWord, SecretFields, useSecret } from './KeySecret.tsx'
import { PlaceOptions, useOptions } from './PlaceOptions.tsx'

/** Opens a backup that is there, of this or another computer, with its passphrase or its sheet. */
export function OpenForm({ place, onOpened }: { place: PlaceChoice; onOpened(destination: Destination): void }) {
  const { t } = useSpeech()
  const [options, setOptions] = useOptions(place)
  const open = useCall('destinations.open')
  const { secret, ...fields } = useSecret(open.clear)
  const isReady = options.name.trim() !== '' && secret !== null
  const submit = async () => {
    if (secret === null) return
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
      <SecretFields {...fields} />
      <BadWord error={open.error} />
      <ErrorNote error={open.error} />
      <div>
        <Button type="submit" disabled={!isReady} loading={open.busy}>
          {t('wizard.key.open')}
        </Button>
      </div>
    </form>
  )
}
