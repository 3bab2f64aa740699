import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { hrefOf } from '../../app/routes.ts'
import { AttachedIcon, type Icon, RunIcon } from '../../components/icons.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Protection } from '../../theme/tokens.ts'

const looks: Record<AttachmentView['state'], Protection> = {
  opening: 'waiting',
  attached: 'waiting',
  busy: 'waiting',
  idle: 'none',
  closing: 'waiting',
}

const signs: Partial<Record<AttachmentView['state'], { sign: Icon }>> = {
  attached: { sign: AttachedIcon },
  busy: { sign: RunIcon },
}

/** Of which version it is, and how it stands. */
export function ItemHead({ attachment }: { attachment: AttachmentView }) {
  const { t } = useSpeech()
  const { destination, destinationName, version, versionName, versionDate, state } = attachment
  return (
    <>
      <div className="hfa-head">
        <a className="hfv-link hf-wrap" href={hrefOf('versions', [destination, version])}>
          {versionName}, <When at={versionDate} />
        </a>
        <StateBadge state={looks[state]} label={t(`attached.state.${state}`)} {...signs[state]} />
      </div>
      <div className="hf-quiet hf-small hf-wrap">{t('attached.in', { destination: destinationName })}</div>
    </>
  )
}

/** What stands in names of buttons. */
export function useItemWords({ versionName, versionDate }: AttachmentView): { name: string; when: string } {
  const { format } = useSpeech()
  return { name: versionName, when: `${format.day(versionDate)}, ${format.time(versionDate)}` }
}
