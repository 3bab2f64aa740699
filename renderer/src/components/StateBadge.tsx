import type { DestinationState } from '../../../engine/contract/drives.ts'
import type { RunState } from '../../../engine/contract/jobs.ts'
import type { MessageKey } from '../i18n/language.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import type { Protection } from '../theme/tokens.ts'
import { CheckIcon, ClockIcon, DangerIcon, type Icon, NoneIcon, PauseIcon, RunIcon, WarningIcon } from './icons.tsx'

/** The sign of each state of protection. */
export const protectionIcons: Record<Protection, Icon> = {
  protected: CheckIcon,
  waiting: ClockIcon,
  attention: WarningIcon,
  danger: DangerIcon,
  none: NoneIcon,
}

/** A state: a sign and a word on a quiet ground. The word is that of the protection unless another one is given. */
export function StateBadge({ state, label, sign }: { state: Protection; label?: string; sign?: Icon }) {
  const { t } = useSpeech()
  const Sign = sign ?? protectionIcons[state]
  return (
    <span className="hf-badge" data-protection={state}>
      <Sign size={15} />
      {label ?? t(`state.${state}`)}
    </span>
  )
}

const runLooks: Record<RunState, Protection> = {
  running: 'waiting',
  complete: 'protected',
  incomplete: 'attention',
  failed: 'danger',
  cancelled: 'none',
  interrupted: 'attention',
}

export function RunBadge({ state, isPaused = false }: { state: RunState; isPaused?: boolean }) {
  const { t } = useSpeech()
  if (state === 'running' && isPaused) return <StateBadge state="waiting" label={t('run.paused')} sign={PauseIcon} />
  return (
    <StateBadge state={runLooks[state]} label={t(`run.${state}`)} {...(state === 'running' ? { sign: RunIcon } : {})} />
  )
}

const destinationLooks: Record<DestinationState['state'], [Protection, MessageKey]> = {
  connected: ['protected', 'state.connected'],
  'present-unmounted': ['protected', 'state.connected'],
  locked: ['attention', 'state.locked'],
  missing: ['waiting', 'state.missing'],
  'wrong-drive': ['attention', 'state.wrongDrive'],
  ambiguous: ['attention', 'state.ambiguous'],
  unreachable: ['attention', 'state.unreachable'],
}

/** Whether a destination can be used now. */
export function DestinationBadge({ state }: { state: DestinationState }) {
  const { t } = useSpeech()
  // Being offline is nobody's fault, and passes.
  const isOffline = state.state === 'unreachable' && state.reason === 'network'
  const [look, key] = isOffline ? (['waiting', 'state.offline'] as const) : destinationLooks[state.state]
  return <StateBadge state={look} label={(t as (key: MessageKey) => string)(key)} />
}
