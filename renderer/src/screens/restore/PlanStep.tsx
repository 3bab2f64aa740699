import { Button } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { DiskPicture } from '../versions/DiskPicture.tsx'
import { ChosenVersion } from './ChosenVersion.tsx'
import { ConfirmRestore } from './ConfirmRestore.tsx'
import { StartLink } from './StartLink.tsx'
import { Steps } from './Steps.tsx'
import { planInput, type TargetWish } from './wish.ts'
import { lostTexts, type Plan, targetTitle } from './wording.ts'

export interface PlanStepProps {
  version: LibraryVersion
  wish: TargetWish
  plan: Plan
  onPlan(plan: Plan): void
  onBack(): void
}

/** Third step: what is there, what will be there, and the last question. */
export function PlanStep({ version, wish, plan, onPlan, onBack }: PlanStepProps) {
  const { t, format } = useSpeech()
  const start = useCall('restores.start')
  const again = useCall('restores.plan')
  const [isAsking, setIsAsking] = useState(false)
  const { target } = plan
  const isDevice = target.kind === 'device'
  // Zeros are left out of a file.
  const neededBytes = plan.version.sizeBytes - plan.version.holeBytes
  // A plan is good for one attempt, whatever comes of it, but for what was typed wrongly. It must be looked at anew then.
  const isPlanGone = start.error !== null && start.error.code !== 'usage.invalid'

  const restore = async (confirmation: string) => {
    const answer = await start.call({ planId: plan.planId, confirmation })
    if (answer) navigate('restore', ['run', answer.run], wish.verify ? { verify: 'yes' } : {})
  }
  const lookAgain = async () => {
    const input = planInput(version, wish)
    if (!input) return
    const answer = await again.call(input)
    if (!answer) return
    start.clear()
    setIsAsking(false)
    onPlan(answer)
  }
  return (
    <Page title={t('restore.confirm.heading')} actions={<StartLink />}>
      <Steps at="confirm" />
      <ChosenVersion version={plan.version} />
      <Card title={targetTitle(t, format, target)}>
        <div className="hfr-plan">
          {isDevice ? (
            <>
              <h3 className="hfr-subhead">{t('restore.before')}</h3>
              <DiskPicture picture={plan.before} title={t('restore.before')} fate={t('restore.fate.erased')} />
              {target.lost.length === 0 ? (
                <p className="hfv-flush">{t('restore.lost.none')}</p>
              ) : (
                <div>
                  {t('restore.lost')}
                  <ul className="hfv-plain">
                    {lostTexts(t, format, target.lost).map((text, i) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: two may be called the same, and none moves
                      <li key={i} className="hf-wrap">
                        {text}
                      </li>
                    ))}
                  </ul>
                </div>
              )}
            </>
          ) : target.kind === 'newVolume' ? (
            <p className="hfv-flush hf-wrap">
              {t('restore.volume.fits', {
                size: format.bytes(target.sizeBytes),
                place: target.thinPool ?? target.group,
                free: format.bytes(target.freeBytes),
              })}
            </p>
          ) : (
            <p className="hfv-flush">
              {target.freeBytes === null
                ? t('restore.file.size', { size: format.bytes(neededBytes) })
                : t('restore.file.fits', {
                    free: format.bytes(target.freeBytes),
                    size: format.bytes(neededBytes),
                  })}
            </p>
          )}
          <h3 className="hfr-subhead">{t('restore.after')}</h3>
          <DiskPicture picture={plan.after} title={t('restore.after')} />
        </div>
      </Card>
      {plan.warnings.length > 0 && (
        <Note tone="attention" title={t('restore.warnings')}>
          <ul className="hfv-plain">
            {plan.warnings.map(text => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Note>
      )}
      {isPlanGone && start.error && (
        <StartFailed
          error={start.error}
          actions={
            <Button size="xs" variant="default" loading={again.busy} onClick={() => void lookAgain()}>
              {t('restore.again')}
            </Button>
          }
        />
      )}
      <ErrorNote error={again.error} />
      <div className="hfv-line">
        <Button variant="default" onClick={onBack}>
          {t('restore.otherTarget')}
        </Button>
        <Button variant={isDevice ? 'default' : 'filled'} disabled={isPlanGone} onClick={() => setIsAsking(true)}>
          {isDevice ? t('restore.goOn') : target.kind === 'newVolume' ? t('restore.goOnVolume') : t('restore.goOnFile')}
        </Button>
      </div>
      <ConfirmRestore
        opened={isAsking && !isPlanGone}
        plan={plan}
        busy={start.busy}
        error={start.error}
        onConfirm={confirmation => void restore(confirmation)}
        onCancel={() => {
          setIsAsking(false)
          if (isDevice) onBack()
        }}
      />
    </Page>
  )
}

function StartFailed({ error, actions }: { error: WireError; actions: ReactNode }) {
  const { t } = useSpeech()
  if (error.code !== 'config.notFound') return <ErrorNote error={error} actions={actions} />
  return (
    <Note tone="attention" urgent actions={actions}>
      {t('restore.planTooOld')}
    </Note>
  )
}
