import { Button } from '@mantine/core'
import { errorCodes } from '../../../../engine/contract/errors.ts'
import { Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Output } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'

export type Tested = Output<'places.test'>

/** What a test has shown: that everything works, or what is missing, in plain words. `onTrust` is for the key of a new server. */
export function TestResult({ tested, onTrust }: { tested: Tested; onTrust(fingerprint: string): void }) {
  const { t } = useSpeech()
  const known = useHouse(house => house.destinations?.find(view => view.destination.id === tested.destination))
  if (tested.problem) return <Problem problem={tested.problem} onTrust={onTrust} />
  if (known) return <Note tone="protected">{t('wizard.where.alreadyYours', { name: known.destination.name })}</Note>
  if (tested.state === 'repository') {
    return (
      <Note tone="waiting" title={t('wizard.where.existing')}>
        {t('wizard.where.existingText')}
      </Note>
    )
  }
  return (
    <Note tone="protected" title={t('elsewhere.works')}>
      {t('elsewhere.worksText')}
      {tested.canDelete === false && <div>{t('elsewhere.cannotDelete')}</div>}
    </Note>
  )
}

function Problem({
  problem,
  onTrust,
}: {
  problem: NonNullable<Tested['problem']>
  onTrust(fingerprint: string): void
}) {
  const { t } = useSpeech()
  const { code, message, advice, missingRight, rightName, hostKey } = problem
  if (code === 'storage.hostKeyUnknown' && hostKey) {
    return (
      <Note
        tone="attention"
        urgent
        title={t('error.storage.hostKeyUnknown')}
        actions={
          <Button size="xs" onClick={() => onTrust(hostKey.fingerprint)}>
            {t('elsewhere.hostKey.trust')}
          </Button>
        }
      >
        {t('elsewhere.hostKey.compare')}
        <code className="hf-fingerprint">{hostKey.fingerprint}</code>
      </Note>
    )
  }
  if (code === 'storage.hostKeyChanged' && hostKey) {
    return (
      <Note tone="danger" urgent title={t('error.storage.hostKeyChanged')}>
        {t('elsewhere.hostKey.changed')}
        <dl className="hf-fingerprints">
          <dt>{t('elsewhere.hostKey.before')}</dt>
          {hostKey.expected.map(text => (
            <dd key={text}>
              <code className="hf-fingerprint">{text}</code>
            </dd>
          ))}
          <dt>{t('elsewhere.hostKey.now')}</dt>
          <dd>
            <code className="hf-fingerprint">{hostKey.fingerprint}</code>
          </dd>
        </dl>
      </Note>
    )
  }
  const isOffline = code === 'storage.unreachable'
  const isKnown = (errorCodes as readonly string[]).includes(code)
  return (
    <Note
      tone={isOffline ? 'waiting' : 'danger'}
      urgent
      title={missingRight ? t(`elsewhere.lacks.${missingRight}`) : isKnown ? t(`error.${code}`) : t('error.unknown')}
    >
      <div>
        {missingRight
          ? t('elsewhere.lacks.do', { right: rightName ?? missingRight })
          : isOffline
            ? t('elsewhere.offline.do')
            : isKnown
              ? t(`error.${code}.do`)
              : t('error.unknown.do')}
      </div>
      <details>
        <summary>{t('action.details')}</summary>
        <div>
          {t('error.said')}: {message} {advice}
        </div>
        <div>
          {t('error.code')}: <code>{code}</code>
        </div>
      </details>
    </Note>
  )
}
