import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { hrefOf } from '../../app/routes.ts'
import { Facts } from '../../components/Facts.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { DestinationBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { Eject } from './Eject.tsx'
import { Lacking } from './Lacking.tsx'
import { LockedUntil } from './LockedUntil.tsx'
import type { LackingHere } from './lackingWords.ts'
import { isUsable, placeTitle, savedShare, stateSentences } from './state.ts'
import { KeptKey, RoomLeft, SavedSheet } from './Told.tsx'
import { UsageBar } from './UsageBar.tsx'

/** A destination at a glance, with what is done most. */
export function DestinationCard({ view, lacking }: { view: DestinationView; lacking: readonly LackingHere[] }) {
  const { t, format } = useSpeech()
  const { destination, state, usage, protection, sheetSavedAt, place } = view
  const { id, name } = destination
  const scrub = useCall('scrubs.start')
  const running = useHouse(house => house.running) ?? []
  const here = running.filter(run => run.destination === id)
  const share = usage && savedShare(usage)
  return (
    <Card title={<a href={hrefOf('destinations', [id])}>{name}</a>} actions={<DestinationBadge state={state} />}>
      <div className="hf-destination">
        <StateText view={view} />
        <UsageBar name={name} usage={usage} />
        <Facts
          facts={[
            [t('destinations.kind'), t(`destinations.kind.${place.kind}`)],
            [t('destinations.place'), place.kind === 'drive' ? null : placeTitle(place)],
            [t('destinations.daysLeft'), usage && <RoomLeft key="room" view={view} />],
            [t('destinations.versions'), usage && format.number(usage.versions)],
            [
              t('destinations.saved'),
              share !== null &&
                usage &&
                t('destinations.savedOf', { percent: format.percent(share), size: format.bytes(usage.virtualBytes) }),
            ],
            [t('destinations.kept'), <KeptKey key="key" protection={protection} />],
            [t('destinations.sheet'), <SavedSheet key="sheet" at={sheetSavedAt} />],
          ]}
        />
        <LockedUntil view={view} />
        <Lacking view={view} lacking={lacking} />
        {here.map(run => (
          <ProgressLine key={run.id} run={run} />
        ))}
        <div className="hf-row">
          <Button
            component="a"
            size="xs"
            variant="default"
            href={hrefOf('destinations', [id])}
            aria-label={t('destinations.detailsOf', { name })}
          >
            {t('destinations.details')}
          </Button>
          {protection === null && (
            <Button component="a" size="xs" href={hrefOf('destinations', [id], { do: 'unlock' })}>
              {t('destinations.unlock')}
            </Button>
          )}
          {sheetSavedAt === null && protection !== null && (
            <Button component="a" size="xs" variant="default" href={hrefOf('destinations', [id], { do: 'sheet' })}>
              {t('destinations.sheet.make')}
            </Button>
          )}
          {isUsable(state) && protection !== null && !here.some(({ kind }) => kind === 'scrub') && (
            <Button
              size="xs"
              variant="default"
              loading={scrub.busy}
              aria-label={t('destinations.checkOf', { name })}
              onClick={() => void scrub.call({ destination: id, depth: 'deep' })}
            >
              {t('destinations.check')}
            </Button>
          )}
          <Eject view={view} />
        </div>
        <ErrorNote error={scrub.error} />
      </div>
    </Card>
  )
}

/** How it stands: quietly when it is well or only away, else as something to read. */
export function StateText({ view }: { view: DestinationView }) {
  const speech = useSpeech()
  const now = useNow()
  const sentences = stateSentences(view, speech, now)
  const isOffline = view.state.state === 'unreachable' && view.state.reason === 'network'
  const isQuiet = view.state.state === 'missing' || isOffline || isUsable(view.state)
  if (!isQuiet) return <Note tone="attention">{sentences.join(' ')}</Note>
  return <p className="hf-quiet hf-destination-text">{sentences.join(' ')}</p>
}
