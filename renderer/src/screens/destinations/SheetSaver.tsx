import { Button } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useShell } from '../../state/context.ts'

interface SheetSaverProps {
  destination: string
  name: string
  /** Told this once: whoever does not save it has nothing. */
  phrase: string
  isSaved: boolean
  onSaved(): void
}

/** Lets a recovery phrase be saved as a sheet, and notes that it was. */
export function SheetSaver({ destination, name, phrase, isSaved, onSaved }: SheetSaverProps) {
  const { t } = useSpeech()
  const shell = useShell()
  const make = useCall('recoverySheet.make')
  const note = useCall('recoverySheet.saved')
  const [isRefused, setIsRefused] = useState(false)
  const save = async () => {
    const sheet = await make.call({ destination, recoveryPhrase: phrase })
    if (!sheet) return
    const file = `Holdfast recovery sheet ${name.replaceAll(/[/\\:]/g, '-')}.html`
    const saved = await shell.saveText({ name: file, type: 'text/html', text: sheet.html })
    setIsRefused(!saved)
    if (!saved) return
    await note.call({ destination })
    onSaved()
  }
  return (
    <div className="hf-fields">
      <p className="hf-destination-text">{t('wizard.key.sheetText')}</p>
      <ol className="hf-words" aria-label={t('wizard.key.words')}>
        {phrase.split(' ').map((word, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a word may stand in a phrase twice
          <li key={i}>{word}</li>
        ))}
      </ol>
      <div>
        <Button variant={isSaved ? 'default' : 'filled'} loading={make.busy || note.busy} onClick={() => void save()}>
          {t('wizard.key.save')}
        </Button>
      </div>
      <div role="status">
        {isSaved && <Note tone="protected">{t('destinations.sheet.done')}</Note>}
        {isRefused && !isSaved && <Note tone="attention">{t('wizard.key.notSaved')}</Note>}
      </div>
      <ErrorNote error={make.error ?? note.error} />
    </div>
  )
}
