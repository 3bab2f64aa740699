import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { CheckIcon, DangerIcon, WarningIcon } from '../../components/icons.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { daysLeft } from './state.ts'

/** Values that are told of a destination in more than one place. */

/** How long the room lasts. Less than a month is worth a sign. */
export function RoomLeft({ view }: { view: DestinationView }) {
  const { t, format } = useSpeech()
  const left = daysLeft(view)
  const growth = view.growthPerDay
  const words =
    left.kind === 'about'
      ? t('destinations.daysLeftAbout', { count: left.days })
      : t(left.kind === 'long' ? 'destinations.daysLeftLong' : 'destinations.daysLeftUnknown')
  const isShort = left.kind === 'about' && left.days < 30
  return (
    <>
      <span className="hf-told" data-tone={isShort ? 'attention' : undefined}>
        {isShort && <WarningIcon size={16} />}
        {words}
      </span>
      {growth !== null && growth > 0 && (
        <div className="hf-quiet hf-small">{t('destinations.growth', { size: format.bytes(growth) })}</div>
      )}
    </>
  )
}

export function KeptKey({ protection }: { protection: DestinationView['protection'] }) {
  const { t } = useSpeech()
  if (protection === null) {
    return (
      <span className="hf-told" data-tone="danger">
        <DangerIcon size={16} />
        {t('destinations.kept.none')}
      </span>
    )
  }
  return <>{t(`destinations.kept.${protection}`)}</>
}

export function SavedSheet({ at }: { at: string | null }) {
  const { t, format } = useSpeech()
  return (
    <span className="hf-told" data-tone={at === null ? 'attention' : 'protected'}>
      {at === null ? <WarningIcon size={16} /> : <CheckIcon size={16} />}
      {at === null ? t('destinations.sheet.open') : t('destinations.sheet.saved', { when: format.day(at) })}
    </span>
  )
}
