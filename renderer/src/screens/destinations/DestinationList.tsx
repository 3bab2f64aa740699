import { Button } from '@mantine/core'
import { hrefOf } from '../../app/routes.ts'
import { Note } from '../../components/Note.tsx'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { DestinationCard } from './DestinationCard.tsx'
import { LockedKeys } from './LockedKeys.tsx'
import { useLacking } from './useLacking.ts'

export function DestinationList() {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations) ?? []
  const hasJobs = useHouse(house => (house.jobs?.length ?? 0) > 0)
  const lacking = useLacking()
  const add = (
    <Button
      component="a"
      href={hrefOf('destinations', ['add'])}
      variant={destinations.length === 1 ? 'filled' : 'default'}
      size="sm"
    >
      {t('destinations.add')}
    </Button>
  )
  if (destinations.length === 0) {
    return (
      <Page title={t('destinations.title')}>
        <EmptyState
          title={t('destinations.none')}
          action={
            hasJobs ? (
              add
            ) : (
              <div className="hf-row">
                <Button component="a" href={hrefOf('wizard')}>
                  {t('action.setUp')}
                </Button>
                {add}
              </div>
            )
          }
        >
          {t('destinations.noneText')}
        </EmptyState>
      </Page>
    )
  }
  return (
    <Page title={t('destinations.title')} actions={destinations.length > 1 && add}>
      <LockedKeys />
      {destinations.map(view => (
        <DestinationCard key={view.destination.id} view={view} lacking={lacking} />
      ))}
      {destinations.length === 1 && (
        <Note tone="attention" actions={add}>
          {t('destinations.second')}
        </Note>
      )}
    </Page>
  )
}
