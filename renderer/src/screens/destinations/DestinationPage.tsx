import { Button } from '@mantine/core'
import { hrefOf } from '../../app/routes.ts'
import { Facts } from '../../components/Facts.tsx'
import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { DestinationBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { StateText } from './DestinationCard.tsx'
import { Eject } from './Eject.tsx'
import { Handling } from './Handling.tsx'
import { Keys } from './Keys.tsx'
import { Lacking } from './Lacking.tsx'
import { Limits } from './Limits.tsx'
import { LockedKeys } from './LockedKeys.tsx'
import { LockedUntil } from './LockedUntil.tsx'
import { Login } from './Login.tsx'
import { RemoveDestination } from './RemoveDestination.tsx'
import { Space } from './Space.tsx'
import { Upkeep } from './Upkeep.tsx'
import { UsageBar } from './UsageBar.tsx'
import { useLacking } from './useLacking.ts'

/** Everything about one destination. `begin` is what to open at once: 'sheet' or 'unlock'. */
export function DestinationPage({ id, begin }: { id: string; begin: string | undefined }) {
  const { t } = useSpeech()
  const view = useHouse(house => house.destinations?.find(({ destination }) => destination.id === id))
  const running = useHouse(house => house.running) ?? []
  const lacking = useLacking()
  const back = (
    <Button component="a" href={hrefOf('destinations')} variant="default" size="xs">
      {t('destinations.back')}
    </Button>
  )
  if (!view) {
    return (
      <Page title={t('destinations.title')}>
        <EmptyState title={t('destinations.gone')} action={back}>
          {t('destinations.goneText')}
        </EmptyState>
      </Page>
    )
  }
  const { destination, state } = view
  const here = running.filter(run => run.destination === id)
  return (
    <Page title={destination.name} actions={back}>
      <LockedKeys />
      <Card>
        <div className="hf-destination">
          <div className="hf-destination-head">
            <DestinationBadge state={state} />
            <Eject view={view} />
          </div>
          <StateText view={view} />
          <UsageBar name={destination.name} usage={view.usage} />
          <Facts
            facts={[
              [t('destinations.kind'), t(`destinations.kind.${view.place.kind}`)],
              [t('destinations.place'), view.place.path],
              [t('destinations.server'), view.place.host],
              [t('destinations.drive'), destination.drive?.label],
              [t('destinations.serial'), destination.drive?.serial],
            ]}
          />
          <LockedUntil view={view} isWhole />
          <Lacking view={view} lacking={lacking} />
          {here.map(run => (
            <ProgressLine key={run.id} run={run} />
          ))}
        </div>
      </Card>
      <Space view={view} />
      <Keys view={view} begin={begin} />
      <Login view={view} />
      <Upkeep view={view} />
      <Limits view={view} />
      <Handling key={destination.name} view={view} />
      <RemoveDestination view={view} />
    </Page>
  )
}
