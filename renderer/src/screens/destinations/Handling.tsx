import { Button, Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** What a destination is called and how its drive is handled. */
export function Handling({ view }: { view: DestinationView }) {
  const { t } = useSpeech()
  const { destination } = view
  const edit = useCall('destinations.edit')
  const [name, setName] = useState(destination.name)
  const isNew = name.trim() !== '' && name.trim() !== destination.name
  return (
    <Card title={t('destinations.settings')}>
      <div className="hf-fields">
        <form
          className="hf-row hf-narrow"
          onSubmit={event => {
            event.preventDefault()
            if (isNew) void edit.call({ destination: destination.id, name: name.trim() })
          }}
        >
          <TextInput
            className="hf-grow"
            label={t('destinations.name')}
            value={name}
            maxLength={100}
            onChange={event => setName(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={!isNew} loading={edit.busy}>
            {t('action.save')}
          </Button>
        </form>
        {destination.drive !== null && (
          <>
            <Checkbox
              label={t('destinations.mayMount')}
              checked={destination.mayMount}
              onChange={event => void edit.call({ destination: destination.id, mayMount: event.currentTarget.checked })}
            />
            <Checkbox
              label={t('destinations.ejectAfter')}
              checked={destination.ejectAfterBackup}
              onChange={event =>
                void edit.call({ destination: destination.id, ejectAfterBackup: event.currentTarget.checked })
              }
            />
          </>
        )}
        <ErrorNote error={edit.error} />
      </div>
    </Card>
  )
}
