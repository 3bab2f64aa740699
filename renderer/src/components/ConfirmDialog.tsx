import { Button, Modal, TextInput } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { useSpeech } from '../i18n/useSpeech.ts'
import { ErrorNote, type ShownError } from './Note.tsx'

export interface ConfirmDialogProps {
  opened: boolean
  title: string
  children: ReactNode
  /** What the button that does it says: a verb and a thing, never "OK". */
  confirm: string
  /** What the button that does not says; "Cancel" unless given. It has the focus. */
  cancel?: string
  /** Something is lost by it. */
  dangerous?: boolean
  /** Has to be typed before the button can be pressed. */
  typed?: string
  /** Question in front of the field; "Type … to continue" unless given. */
  typedLabel?: ReactNode
  busy?: boolean
  error?: ShownError | null
  onConfirm(): void
  onCancel(): void
}

/** Asks before something that cannot be undone. Escape and Enter do nothing harmful: the way out has the focus. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { t } = useSpeech()
  const { opened, typed } = props
  const [text, setText] = useState('')
  useEffect(() => {
    if (!opened) setText('')
  }, [opened])
  const isReady = typed === undefined || text.trim() === typed
  return (
    <Modal
      opened={opened}
      onClose={props.onCancel}
      title={props.title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
    >
      {props.children}
      {typed !== undefined && (
        <TextInput
          mt="md"
          label={props.typedLabel ?? t('confirm.type', { text: typed })}
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={event => setText(event.currentTarget.value)}
        />
      )}
      <ErrorNote error={props.error} />
      <div className="hf-dialog-actions">
        <Button variant={props.dangerous ? 'filled' : 'default'} data-autofocus onClick={props.onCancel}>
          {props.cancel ?? t('action.cancel')}
        </Button>
        <Button
          variant={props.dangerous ? 'outline' : 'filled'}
          {...(props.dangerous ? { color: 'red' } : {})}
          disabled={!isReady}
          loading={props.busy ?? false}
          onClick={props.onConfirm}
        >
          {props.confirm}
        </Button>
      </div>
    </Modal>
  )
}
