import { Button } from '@mantine/core'
import { useId } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { type LackingHere, lackingSentences, whyNotCopied } from './lackingWords.ts'

/** Versions that others have and this one has not; nothing when it has all, or while they are on their way. */
export function Lacking({ view, lacking }: { view: DestinationView; lacking: readonly LackingHere[] }) {
  const speech = useSpeech()
  const { t } = speech
  const why = useId()
  const copy = useCall('destinations.copyMissing')
  const jobs = useHouse(house => house.jobs) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const { id, name } = view.destination
  const isOnItsWay = useHouse(house => house.running?.some(run => run.kind === 'copy' && run.destination === id))
  const here = lacking.filter(one => one.destination === id)
  const sentences = lackingSentences(here, jobs, speech)
  if (sentences.length === 0 || isOnItsWay) return <ErrorNote error={copy.error} />
  const reason = whyNotCopied(view, here, { destinations, jobs }, speech)
  return (
    <Note
      tone="attention"
      title={t('destinations.lacking.title')}
      actions={
        <Button
          size="xs"
          variant="default"
          disabled={reason !== null}
          loading={copy.busy}
          aria-label={t('destinations.lacking.copyTo', { name })}
          {...(reason !== null && { 'aria-describedby': why })}
          onClick={() => void copy.call({ to: id, isLackingOnly: true })}
        >
          {t('destinations.lacking.copy')}
        </Button>
      }
    >
      {sentences.map(sentence => (
        <p key={sentence} className="hf-destination-text">
          {sentence}
        </p>
      ))}
      <p id={why} className="hf-destination-text hf-quiet">
        {reason ?? t('destinations.lacking.byItself')}
      </p>
      <ErrorNote error={copy.error} />
    </Note>
  )
}
