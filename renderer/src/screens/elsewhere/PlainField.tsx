import { TextInput, type TextInputProps } from '@mantine/core'

/** A line of text that the browser neither completes nor corrects. */
export function PlainField({ onText, ...shown }: Omit<TextInputProps, 'onChange'> & { onText(text: string): void }) {
  return (
    <TextInput autoComplete="off" spellCheck={false} {...shown} onChange={event => onText(event.currentTarget.value)} />
  )
}
