import { Button, Checkbox, FileButton } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Output, useCall } from '../../state/calls.ts'
import { useHouse, useShell } from '../../state/context.ts'

/** Jobs as a file, and out of one: first what would happen, then the taking over. */
export function Transfer() {
  const { t } = useSpeech()
  const shell = useShell()
  const hasJobs = useHouse(house => (house.jobs?.length ?? 0) > 0)
  const take = useCall('jobs.export')
  const look = useCall('jobs.import')
  const [isSaved, setIsSaved] = useState(false)
  const [text, setText] = useState<string | null>(null)
  const [replace, setReplace] = useState(false)
  const [isDone, setIsDone] = useState(false)

  const save = async () => {
    setIsSaved(false)
    const exported = await take.call({})
    if (!exported) return
    setIsSaved(await shell.saveText({ name: 'holdfast-jobs.json', type: 'application/json', text: exported.text }))
  }
  const dryRun = async (content: string, replaces: boolean) => {
    setIsDone(false)
    setText(content)
    await look.call({ text: content, replace: replaces, dryRun: true })
  }
  const takeOver = async () => {
    if (text === null) return
    setIsDone((await look.call({ text, replace, dryRun: false })) !== undefined)
    setText(null)
  }
  const result = look.value
  const isSomething =
    result !== undefined && result.added.length + result.replaced.length + result.destinationsAdded.length > 0
  return (
    <Card title={t('settings.transfer')}>
      <p className="hf-quiet hf-settings-text">{t('settings.transfer.text')}</p>
      <div className="hf-row">
        {hasJobs && (
          <Button size="xs" variant="default" loading={take.busy} onClick={() => void save()}>
            {t('settings.transfer.export')}
          </Button>
        )}
        <FileButton
          accept="application/json,.json"
          onChange={file => void file?.text().then(content => dryRun(content, replace))}
        >
          {props => (
            <Button {...props} size="xs" variant="default">
              {t('settings.transfer.import')}
            </Button>
          )}
        </FileButton>
        <span role="status" className="hf-small">
          {isSaved ? t('settings.transfer.saved') : ''}
        </span>
      </div>
      <div aria-live="polite" className="hf-settings-below">
        {result && !look.error && (text !== null || isDone) && (
          <Note
            tone={isDone ? 'protected' : 'waiting'}
            title={t(isDone ? 'settings.transfer.done' : 'settings.transfer.preview')}
            actions={
              !isDone &&
              isSomething && (
                <Button size="xs" loading={look.busy} onClick={() => void takeOver()}>
                  {t('settings.transfer.take')}
                </Button>
              )
            }
          >
            <ImportWords result={result} />
            {!isDone && (result.kept.length > 0 || replace) && (
              <Checkbox
                mt="xs"
                label={t('settings.transfer.replace')}
                checked={replace}
                onChange={event => {
                  setReplace(event.currentTarget.checked)
                  if (text !== null) void dryRun(text, event.currentTarget.checked)
                }}
              />
            )}
          </Note>
        )}
        <ErrorNote error={take.error ?? look.error} />
      </div>
    </Card>
  )
}

function ImportWords({ result }: { result: Output<'jobs.import'> }) {
  const { t, format } = useSpeech()
  const { added, replaced, kept, destinationsAdded } = result
  const lines = [
    added.length > 0 && t('settings.transfer.added', { names: format.list(added) }),
    replaced.length > 0 && t('settings.transfer.replaced', { names: format.list(replaced) }),
    kept.length > 0 && t('settings.transfer.kept', { names: format.list(kept) }),
    destinationsAdded.length > 0 && t('settings.transfer.destinations', { names: format.list(destinationsAdded) }),
  ].filter(line => line !== false)
  if (added.length + replaced.length + destinationsAdded.length === 0) {
    lines.unshift(t('settings.transfer.nothing'))
  }
  return lines.map(line => <div key={line}>{line}</div>)
}
