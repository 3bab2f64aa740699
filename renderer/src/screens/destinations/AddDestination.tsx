import { Button } from '@mantine/core'
import { useState } from 'react'
import { hrefOf, navigate } from '../../app/routes.ts'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import type { PlaceChoice, PlaceFacts } from '../wizard/draft.ts'
import { CreateForm } from './CreateForm.tsx'
import { OpenForm } from './OpenForm.tsx'
import { PlacePicker } from './PlacePicker.tsx'
import { SheetSaver } from './SheetSaver.tsx'
import { UseForJobs } from './UseForJobs.tsx'

interface Chosen {
  place: PlaceChoice
  facts: PlaceFacts
}

/** A new place, or one that is there: where, what opens it, its sheet, and which jobs are to use it. */
export function AddDestination() {
  const { t } = useSpeech()
  const hasJobs = useHouse(house => (house.jobs?.length ?? 0) > 0)
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const [made, setMade] = useState<{ id: string; name: string; phrase: string | null } | null>(null)
  const [sheet, setSheet] = useState<'open' | 'saved' | 'later'>('open')
  const end = () => (made ? navigate('destinations', [made.id]) : navigate('destinations'))
  const isSheetDue = made !== null && made.phrase !== null && sheet === 'open'

  return (
    <Page
      title={t('destinations.add')}
      actions={
        made === null && (
          <Button component="a" href={hrefOf('destinations')} variant="default" size="xs">
            {t('action.cancel')}
          </Button>
        )
      }
    >
      {made === null && (
        <Card title={t('destinations.new.where')}>
          <PlacePicker
            place={chosen?.place ?? null}
            onChoose={(place, facts) => setChosen(place && facts ? { place, facts } : null)}
          />
        </Card>
      )}
      {made === null && chosen?.facts.destination === null && chosen.facts.state !== 'refused' && (
        <Card title={t('destinations.new.key')}>
          {chosen.facts.state === 'repository' ? (
            <OpenForm
              key={chosen.facts.path}
              place={chosen.place}
              onOpened={({ id, name }) => setMade({ id, name, phrase: null })}
            />
          ) : (
            <CreateForm
              key={chosen.facts.path}
              place={chosen.place}
              onCreated={({ id, name }, phrase) => setMade({ id, name, phrase })}
            />
          )}
        </Card>
      )}
      {made !== null && made.phrase !== null && (
        <Card title={t('destinations.new.sheet')}>
          <SheetSaver
            destination={made.id}
            name={made.name}
            phrase={made.phrase}
            isSaved={sheet === 'saved'}
            onSaved={() => setSheet('saved')}
          />
          {isSheetDue && (
            <Button mt="md" variant="subtle" size="xs" onClick={() => setSheet('later')}>
              {t('destinations.new.later')}
            </Button>
          )}
        </Card>
      )}
      {made !== null && !isSheetDue && (
        <Card title={t('destinations.new.use')}>
          {hasJobs ? (
            <UseForJobs destination={made.id} onEnd={end} />
          ) : (
            <Button component="a" href={hrefOf('wizard')}>
              {t('action.setUp')}
            </Button>
          )}
        </Card>
      )}
    </Page>
  )
}
