import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useShell } from '../../state/context.ts'
import { type Made, wordsToAsk } from './draft.ts'
import { WizardFrame } from './WizardFrame.tsx'

/** The phrase is told once: it must be saved, and two of its words typed from what was saved, before it goes on. */
export function RecoverySheet({ made, onChecked, onNext }: { made: Made; onChecked(): void; onNext(): void }) {
  const { t } = useSpeech()
  const shell = useShell()
  const words = made.phrase.split(' ')
  const [asked] = useState(() => wordsToAsk(Math.random, words.length))
  const [typed, setTyped] = useState<[string, string]>(['', ''])
  const [state, setState] = useState<'new' | 'refused' | 'saved'>('new')
  const [areShown, setAreShown] = useState(true)
  const make = useCall('recoverySheet.make')
  const note = useCall('recoverySheet.saved')

  const save = async () => {
    const sheet = await make.call({ destination: made.destination.id, recoveryPhrase: made.phrase })
    if (!sheet) return
    const fileName = `Holdfast recovery sheet ${made.destination.name.replaceAll(/[/\\:]/g, '-')}.html`
    const isSaved = await shell.saveText({ name: fileName, type: 'text/html', text: sheet.html })
    setState(isSaved ? 'saved' : 'refused')
    if (!isSaved) return
    // What is asked below is to come from the sheet, not from the screen.
    setAreShown(false)
    await note.call({ destination: made.destination.id })
  }

  const isRight = (i: 0 | 1) => typed[i].trim().toLowerCase() === words[asked[i]]
  const isDone = state === 'saved' && isRight(0) && isRight(1)
  const next = () => {
    onChecked()
    onNext()
  }
  return (
    <WizardFrame step="key" onNext={isDone ? next : null} hint={isDone ? t('wizard.key.done') : undefined}>
      <Card title={t('wizard.key.sheet')}>
        <p className="hf-flush">{t('wizard.key.sheetText')}</p>
        <Button
          type="button"
          variant={state === 'saved' ? 'default' : 'filled'}
          loading={make.busy}
          onClick={() => void save()}
        >
          {t('wizard.key.save')}
        </Button>
        <details
          className="hf-sheet-words"
          open={areShown}
          onToggle={event => setAreShown((event.currentTarget as HTMLDetailsElement).open)}
        >
          <summary>{t('wizard.key.words')}</summary>
          <ol className="hf-words">
            {words.map((word, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a word may stand in a phrase twice
              <li key={i}>{word}</li>
            ))}
          </ol>
        </details>
      </Card>
      <div aria-live="polite">
        {state === 'refused' && <Note tone="attention">{t('wizard.key.notSaved')}</Note>}
        {state === 'saved' && <Note tone="protected">{t('wizard.key.saved')}</Note>}
      </div>
      <ErrorNote error={make.error ?? note.error} />
      {state === 'saved' && (
        <Card title={t('wizard.key.check')}>
          <div className="hf-row hf-narrow">
            {([0, 1] as const).map(i => (
              <TextInput
                key={i}
                className="hf-grow"
                label={t('wizard.key.word', { n: asked[i] + 1 })}
                value={typed[i]}
                autoComplete="off"
                spellCheck={false}
                // Whoever is still typing is not wrong yet.
                error={isWrong(typed[i], words[asked[i]]!) ? t('wizard.key.wordWrong') : null}
                onChange={event => {
                  const text = event.currentTarget.value
                  setTyped(before => (i === 0 ? [text, before[1]] : [before[0], text]))
                }}
              />
            ))}
          </div>
        </Card>
      )}
    </WizardFrame>
  )
}

const isWrong = (typed: string, word: string): boolean => {
  const text = typed.trim().toLowerCase()
  return text !== '' && !word.startsWith(text)
}
