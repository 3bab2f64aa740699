import { ActionIcon, Button, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { CloseIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { isLabelKey, isLabelValue } from './shelf.ts'
import type { Shelf } from './useShelf.ts'

export interface LabelsProps {
  version: LibraryVersion
  shelf: Shelf
  disabled: boolean
}

/** The note that people write about a version, and its other labels. */
export function Labels({ version, shelf, disabled }: LabelsProps) {
  const { t } = useSpeech()
  const { labels } = version
  const edit = useCall('versions.label')
  const [note, setNote] = useState(labels.note ?? '')
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const [isSaved, setIsSaved] = useState(false)
  const others = Object.entries(labels).filter(([name]) => name !== 'note')
  const isKeyWrong = key !== '' && !isLabelKey(key)
  const isValueWrong = !isLabelValue(value)

  const save = async (change: string): Promise<boolean> => {
    setIsSaved(false)
    const answer = await edit.call({ destination: version.destination, version: version.id, edits: [change] })
    if (!answer) return false
    shelf.patch([version], { labels: answer.version.labels })
    setIsSaved(true)
    return true
  }
  const saveNote = (event: FormEvent) => {
    event.preventDefault()
    const text = note.trim()
    void save(text === '' ? 'note-' : `note=${text}`)
  }
  const add = (event: FormEvent) => {
    event.preventDefault()
    void save(`${key}=${value}`).then(isDone => {
      if (!isDone) return
      setKey('')
      setValue('')
    })
  }
  return (
    <Card title={t('versions.note')}>
      <form onSubmit={saveNote} className="hfv-section">
        <Textarea
          label={t('versions.note.label')}
          placeholder={t('versions.note.placeholder')}
          rows={2}
          maxLength={1000}
          value={note}
          disabled={disabled}
          onChange={event => setNote(event.currentTarget.value)}
        />
        <div className="hfv-line">
          <Button
            type="submit"
            size="xs"
            variant="default"
            loading={edit.busy}
            disabled={disabled || note.trim() === (labels.note ?? '')}
          >
            {t('versions.note.save')}
          </Button>
          <span role="status" className="hf-quiet hf-small">
            {isSaved ? t('versions.note.saved') : ''}
          </span>
        </div>
      </form>
      <ul className="hf-plain-list hfv-labels" aria-label={t('versions.labels')}>
        {others.length === 0 && <li className="hf-quiet hf-small">{t('versions.labels.none')}</li>}
        {others.map(([name, text]) => (
          <li key={name} className="hfv-label">
            {text === '' ? name : `${name}=${text}`}
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              disabled={disabled || edit.busy}
              aria-label={t('versions.labels.remove', { key: name })}
              onClick={() => void save(`${name}-`)}
            >
              <CloseIcon size={12} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <form onSubmit={add} className="hfv-label-form">
        <TextInput
          label={t('versions.labels.key')}
          value={key}
          disabled={disabled}
          error={isKeyWrong && t('versions.labels.badKey')}
          onChange={event => setKey(event.currentTarget.value)}
        />
        <TextInput
          label={t('versions.labels.value')}
          value={value}
          disabled={disabled}
          error={isValueWrong && t('versions.labels.badValue')}
          onChange={event => setValue(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          loading={edit.busy}
          disabled={disabled || key === '' || key === 'note' || isKeyWrong || isValueWrong}
        >
          {t('versions.labels.add')}
        </Button>
      </form>
      <ErrorNote error={edit.error} />
    </Card>
  )
}
