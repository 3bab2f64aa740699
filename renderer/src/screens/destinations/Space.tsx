import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { AreaChart } from '../../components/charts.tsx'
import { Facts } from '../../components/Facts.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { isUsable, savedShare } from './state.ts'
import { RoomLeft } from './Told.tsx'

/** What the backup takes, what is saved, and how it grew. */
export function Space({ view }: { view: DestinationView }) {
  const { t, format } = useSpeech()
  const { usage, destination, state } = view
  const history = useQuery('destinations.history', { destination: destination.id }, usage?.at)
  const measure = useCall('destinations.measure')
  const usages = history.value?.usages ?? []
  const share = usage && savedShare(usage)
  return (
    <Card
      title={t('destinations.space')}
      actions={
        isUsable(state) &&
        view.protection !== null && (
          <Button
            size="xs"
            variant="default"
            loading={measure.busy}
            onClick={() => void measure.call({ destination: destination.id })}
          >
            {t('destinations.measure')}
          </Button>
        )
      }
    >
      <div className="hf-destination">
        {usage ? (
          <>
            <Facts
              facts={[
                [t('destinations.daysLeft'), <RoomLeft key="room" view={view} />],
                [t('destinations.versions'), format.number(usage.versions)],
                [t('destinations.saved'), share !== null && format.percent(share)],
                [t('destinations.asOf'), <When key="when" at={usage.at} />],
              ]}
            />
            <Savings usage={usage} />
          </>
        ) : (
          <p className="hf-quiet hf-destination-text">{t('destinations.notMeasured')}</p>
        )}
        {usages.length > 1 && (
          <AreaChart
            title={t('destinations.space.history')}
            points={usages.map(({ at, storedBytes }) => ({ label: format.day(at), value: storedBytes }))}
            write={format.bytes}
          />
        )}
        <ErrorNote error={history.error ?? measure.error} />
      </div>
    </Card>
  )
}

/** Three bars: all versions, each thing once, compressed. */
function Savings({ usage }: { usage: NonNullable<DestinationView['usage']> }) {
  const { t, format } = useSpeech()
  const greatest = Math.max(usage.virtualBytes, usage.uniqueBytes, usage.storedBytes, 1)
  const bars = [
    ['virtual', usage.virtualBytes],
    ['unique', usage.uniqueBytes],
    ['stored', usage.storedBytes],
  ] as const
  return (
    <table className="hf-savings">
      <caption className="hf-hidden">{t('destinations.space.bars')}</caption>
      <tbody>
        {bars.map(([key, bytes]) => (
          <tr key={key}>
            <th scope="row">{t(`destinations.space.${key}`)}</th>
            <td aria-hidden="true">
              <div style={{ width: `${Math.max(0.5, (bytes / greatest) * 100)}%` }} data-kind={key} />
            </td>
            <td className="hf-number">{format.bytes(bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
