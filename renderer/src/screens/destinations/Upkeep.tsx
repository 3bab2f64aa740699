import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { isUsable } from './state.ts'

/** Checks, and room given back. */
export function Upkeep({ view }: { view: DestinationView }) {
  const { t } = useSpeech()
  const scrub = useCall('scrubs.start')
  const prune = useCall('prunes.start')
  const destination = view.destination.id
  const isOff = !isUsable(view.state) || view.protection === null
  return (
    <Card title={t('destinations.upkeep')}>
      <div className="hf-destination">
        <p className="hf-quiet hf-destination-text">{t('destinations.checkText')}</p>
        <div className="hf-row">
          <Button
            size="xs"
            variant="default"
            disabled={isOff}
            loading={scrub.busy}
            onClick={() => void scrub.call({ destination, depth: 'deep' })}
          >
            {t('destinations.checkDeep')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={isOff}
            loading={scrub.busy}
            onClick={() => void scrub.call({ destination, depth: 'light' })}
          >
            {t('destinations.checkLight')}
          </Button>
        </div>
        <p className="hf-quiet hf-destination-text">{t('destinations.giveBackText')}</p>
        <div className="hf-row">
          <Button
            size="xs"
            variant="default"
            disabled={isOff}
            loading={prune.busy}
            onClick={() => void prune.call({ destination })}
          >
            {t('destinations.giveBack')}
          </Button>
        </div>
        <ErrorNote error={scrub.error ?? prune.error} />
      </div>
    </Card>
  )
}
