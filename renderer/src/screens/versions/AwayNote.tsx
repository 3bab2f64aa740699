import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { hrefOf } from '../../app/routes.ts'
import { Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { isReachable } from './shelf.ts'

/** Says why what is stored at a destination cannot be had now; nothing when it can. */
export function AwayNote({ view, name }: { view: DestinationView | undefined; name: string }) {
  const { t } = useSpeech()
  const state = view?.state
  if (isReachable(state)) return null
  const link = view && (
    <Button component="a" size="xs" variant="default" href={hrefOf('destinations', [view.destination.id])}>
      {t('versions.seeDestination')}
    </Button>
  )
  if (state?.state === 'missing') {
    return (
      <Note tone="waiting" title={t('versions.away.text')} actions={link}>
        {t('versions.away.do', { destination: name })}
      </Note>
    )
  }
  return (
    <Note tone="attention" actions={link}>
      {state?.state === 'locked'
        ? t('versions.locked.text', { destination: name })
        : t('versions.unusable.text', { destination: name })}
    </Note>
  )
}
