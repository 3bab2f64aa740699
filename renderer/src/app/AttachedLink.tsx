import { AttachedIcon } from '../components/icons.tsx'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse } from '../state/context.ts'
import { hrefOf } from './routes.ts'

/** In the bar, whenever something of backups is attached to this computer or kept aside on it. */
export function AttachedLink({ isHere }: { isHere: boolean }) {
  const { t } = useSpeech()
  const attachments = useHouse(house => house.attachments)
  if (attachments === null || attachments.length === 0) return null
  const count = attachments.filter(({ state }) => state !== 'idle').length
  return (
    <li className="hf-nav-attached">
      <a href={hrefOf('attached')} className="hf-nav-link" aria-current={isHere ? 'page' : undefined}>
        <AttachedIcon />
        <span>{t('attached.title')}</span>
        {count > 0 && (
          <span className="hf-nav-count">
            <span aria-hidden="true">{count}</span>
            <span className="hf-hidden">{t('attached.count', { count })}</span>
          </span>
        )}
      </a>
    </li>
  )
}
