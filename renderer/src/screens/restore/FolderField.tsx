import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useShell } from '../../state/context.ts'
import { isFolder } from './wording.ts'

export interface FolderFieldProps {
  value: string
  hint: string
  disabled?: boolean
  /** What may stand in it, and what is said of anything else; a path from the root unless given. */
  isFolder?: (text: string) => boolean
  badFolder?: string
  onChange(folder: string): void
}

/** A folder: typed, or chosen in the system's dialogue where there is one. */
export function FolderField(props: FolderFieldProps) {
  const { value, hint, disabled = false, onChange } = props
  const { t } = useSpeech()
  const isGood = props.isFolder ?? isFolder
  const shell = useShell()
  const [hasDialogue, setHasDialogue] = useState(shell.kind === 'desktop')
  const choose = async () => {
    const chosen = await shell.chooseFolder()
    if (chosen === undefined) setHasDialogue(false)
    else if (chosen !== null) onChange(chosen)
  }
  return (
    <div className="hfr-folder">
      <TextInput
        label={t('restore.target.folder')}
        description={hint}
        value={value}
        disabled={disabled}
        autoComplete="off"
        spellCheck={false}
        error={value !== '' && !isGood(value) && (props.badFolder ?? t('restore.target.badFolder'))}
        onChange={event => onChange(event.currentTarget.value)}
      />
      {hasDialogue && (
        <Button variant="default" disabled={disabled} onClick={() => void choose()}>
          {t('restore.target.chooseFolder')}
        </Button>
      )}
    </div>
  )
}
