import { Button, Progress } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { isUsable } from './state.ts'
import './locks.css'

/** Has the server asked until when each object is locked; while that goes on, how far it is. */
export function AskLocks({ view }: { view: DestinationView }) {
  const { t, format } = useSpeech()
  const ask = useCall('destinations.readLocks')
  const stop = useCall('destinations.stopReadingLocks')
  const { destination, state, protection, askingLocks } = view
  const { id, name } = destination
  // Who stopped it knows.
  const failure = ask.error?.code === 'run.cancelled' ? null : ask.error
  const isAsking = askingLocks !== undefined
  if (!isAsking && !(isUsable(state) && protection !== null)) return null
  const share = isAsking && askingLocks.objects > 0 ? askingLocks.asked / askingLocks.objects : 0
  return (
    <div className="hf-ask-locks">
      <div className="hf-ask-locks-line">
        {/* One button, so that the focus stays where it is when asking begins and ends. */}
        <Button
          size="xs"
          variant="default"
          aria-label={t(isAsking ? 'destinations.lock.stop' : 'destinations.lock.askOf', { name })}
          onClick={() => void (isAsking ? stop.call({ destination: id }) : ask.call({ destination: id }))}
        >
          {isAsking ? t('action.stop') : t('destinations.lock.ask')}
        </Button>
        <span className="hf-quiet hf-small">
          {isAsking && askingLocks.objects > 0
            ? t('destinations.lock.askingOf', {
                count: askingLocks.objects,
                asked: format.number(askingLocks.asked),
              })
            : !isAsking && t('destinations.lock.askText')}
        </span>
      </div>
      {isAsking && <Progress value={share * 100} size="sm" aria-label={t('destinations.lock.asking')} />}
      <span className="hf-hidden" role="status">
        {isAsking ? t('destinations.lock.asking') : ask.value && t('destinations.lock.asked')}
      </span>
      <ErrorNote error={failure ?? stop.error} />
    </div>
  )
}
