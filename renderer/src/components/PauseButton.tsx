import { Button } from '@mantine/core'
import type { Run } from '../../../engine/contract/jobs.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useCall } from '../state/calls.ts'
import { ErrorNote } from './Note.tsx'

/** Holds a run, or lets it go on. */
export function PauseButton({ run, title, size }: { run: Run; title: string; size?: 'xs' }) {
  const { t } = useSpeech()
  const pause = useCall('runs.pause')
  const resume = useCall('runs.resume')
  const isPaused = run.pausedSince !== undefined
  const { call, busy } = isPaused ? resume : pause
  return (
    <div>
      <Button
        variant={isPaused ? 'filled' : 'default'}
        loading={busy}
        title={isPaused ? undefined : t('progress.pauseHint')}
        aria-label={t(isPaused ? 'progress.resume' : 'progress.pause', { name: title })}
        onClick={() => void call({ run: run.id })}
        {...(size && { size })}
      >
        {t(isPaused ? 'action.resume' : 'action.pause')}
      </Button>
      <ErrorNote error={pause.error ?? resume.error} />
    </div>
  )
}
