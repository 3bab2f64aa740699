import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'

export function RestoreScreen() {
  const { t } = useSpeech()
  const library = useHouse(house => house.library) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const filled = library.filter(({ versions }) => versions > 0)
  const nameOf = (id: string) => destinations.find(view => view.destination.id === id)?.destination.name ?? id
  return (
    <Page title={t('restore.title')}>
      {filled.length === 0 && <EmptyState>{t('restore.none')}</EmptyState>}
      {filled.map(({ destination, versions }) => (
        <Card key={destination}>{t('restore.from', { count: versions, destination: nameOf(destination) })}</Card>
      ))}
    </Page>
  )
}
