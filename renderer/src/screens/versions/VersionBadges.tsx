import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { LockIcon } from '../../components/icons.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import type { MessageKey } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Protection } from '../../theme/tokens.ts'

export const consistencyLooks: Record<LibraryVersion['consistency'], Protection> = {
  consistent: 'protected',
  'crash-consistent': 'waiting',
  'read-while-in-use': 'danger',
}

export interface VersionBadgesProps {
  version: LibraryVersion
  /** Of this computer; null while that is not known. */
  host: string | null
  isAway: boolean
}

/** What sets a version apart from one that is whole, consistent, at hand and of this computer. */
export function VersionBadges({ version, host, isAway }: VersionBadgesProps) {
  const { t } = useSpeech()
  const { status, consistency } = version
  return (
    <>
      {version.protected && <StateBadge state="none" sign={LockIcon} label={t('versions.protected')} />}
      {status === 'damaged' && <StateBadge state="danger" label={t('versions.status.damaged')} />}
      {status === 'incomplete' && <StateBadge state="attention" label={t('versions.status.incomplete')} />}
      {consistency !== 'consistent' && (
        <StateBadge
          state={consistencyLooks[consistency]}
          label={t(`versions.consistency.${consistency}` satisfies MessageKey)}
        />
      )}
      {host !== null && version.host !== host && (
        <StateBadge state="none" label={t('versions.otherComputer', { host: version.host })} />
      )}
      {isAway && <StateBadge state="waiting" label={t('versions.away')} />}
    </>
  )
}
