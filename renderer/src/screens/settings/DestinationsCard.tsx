import { Button, Checkbox, TextInput } from '@mantine/core'
import { hrefOf } from '../../app/routes.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { placeTitle } from '../destinations/state.ts'
import type { EditorProps } from './editorProps.ts'

/** The name of a job, and the destinations it stores at. */
export function DestinationsCard({ draft, change }: EditorProps) {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations) ?? []
  const toggle = (id: string, isOn: boolean) =>
    change({ destinations: isOn ? [...draft.destinations, id] : draft.destinations.filter(one => one !== id) })
  return (
    <Card
      title={t('job.destinations')}
      actions={
        <Button component="a" size="xs" variant="default" href={hrefOf('destinations', ['add'])}>
          {t('job.destinations.add')}
        </Button>
      }
    >
      <div className="hf-fields">
        <TextInput
          className="hf-narrow"
          label={t('job.name')}
          value={draft.name}
          maxLength={100}
          onChange={event => change({ name: event.currentTarget.value })}
        />
        <fieldset className="hf-settings-set">
          <legend className="hf-quiet hf-small">
            {draft.destinations.length === 0 ? t('job.destinations.none') : t('job.destinations.text')}
          </legend>
          {destinations.map(({ destination, place }) => (
            <Checkbox
              key={destination.id}
              label={destination.name}
              description={placeTitle(place)}
              checked={draft.destinations.includes(destination.id)}
              onChange={event => toggle(destination.id, event.currentTarget.checked)}
            />
          ))}
        </fieldset>
      </div>
    </Card>
  )
}
