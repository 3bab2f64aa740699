import { Button } from '@mantine/core'
import { useState } from 'react'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { commandsFor } from './commands.ts'

/** Where a copy is, and commands for it to be copied into a terminal. */
export function Commands({ device, uri }: { device: string | null; uri: string | null }) {
  const { t } = useSpeech()
  const [copied, setCopied] = useState<string | null>(null)
  const copy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(text),
      () => setCopied(null),
    )
  }
  const lines = [
    ...(device === null ? [] : [{ name: t('copies.device'), text: device }]),
    ...(uri === null ? [] : [{ name: t('copies.uri'), text: uri }]),
    ...commandsFor(device, uri).map(({ what, command }) => ({ name: t(`copies.command.${what}`), text: command })),
  ]
  return (
    <div className="hfa-commands">
      <dl>
        {lines.map(({ name, text }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code className="hf-wrap">{text}</code>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={t('copies.command.copy', { command: text })}
                onClick={() => copy(text)}
              >
                {copied === text ? t('copies.copied') : t('copies.copyShort')}
              </Button>
            </dd>
          </div>
        ))}
      </dl>
      {device !== null && <p className="hf-quiet hf-small hfv-flush">{t('copies.command.part', { device })}</p>}
      <span className="hf-hidden" role="status">
        {copied === null ? '' : t('copies.copied')}
      </span>
    </div>
  )
}
