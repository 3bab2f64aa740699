import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Output } from '../../state/calls.ts'
import { useShell } from '../../state/context.ts'

type Line = Output<'runs.get'>['log'][number]

/** A log as text: time, level, what was said; one line each. */
export const logText = (log: readonly Line[]): string =>
  log.map(({ at, level, text }) => `${at} ${level.toUpperCase().padEnd(5)} ${text}\n`).join('')

export function RunLog({ run, log }: { run: Run; log: readonly Line[] }) {
  const { t, format } = useSpeech()
  const shell = useShell()
  const [copied, setCopied] = useState<boolean | null>(null)
  const copy = () => {
    navigator.clipboard.writeText(logText(log)).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  }
  const save = () =>
    void shell.saveText({
      name: `holdfast-${run.kind}-${run.startedAt.slice(0, 10)}-${run.id.slice(0, 8)}.json`,
      type: 'application/json',
      text: JSON.stringify({ run, log }, null, 2),
    })
  return (
    <Card
      title={t('activity.log')}
      actions={
        <div className="hf-activity-buttons">
          <span role="status" className="hf-small">
            {copied === null ? '' : copied ? t('activity.log.copied') : t('activity.log.notCopied')}
          </span>
          <Button variant="default" size="xs" disabled={log.length === 0} onClick={copy}>
            {t('activity.log.copy')}
          </Button>
          <Button variant="default" size="xs" onClick={save}>
            {t('activity.log.save')}
          </Button>
        </div>
      }
    >
      {log.length === 0 ? (
        <p className="hf-quiet hf-activity-text">{t('activity.log.none')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
        <section className="hf-activity-log" tabIndex={0} aria-label={t('activity.log.lines')}>
          <table>
            <tbody>
              {log.map(({ at, level, text }, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names of their own and never move
                <tr key={i} data-level={level}>
                  <td>
                    <time dateTime={at}>{format.time(at)}</time>
                  </td>
                  <td>{t(`activity.log.${level}`)}</td>
                  <td>{text}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Card>
  )
}
