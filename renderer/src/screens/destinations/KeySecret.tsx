import { PasswordInput, SegmentedControl, Textarea } from '@mantine/core'
import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import { Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

export type SecretKind = 'passphrase' | 'recoveryPhrase'

export interface SecretDraft {
  kind: SecretKind
  text: string
}

export const noSecret: SecretDraft = { kind: 'passphrase', text: '' }

const phraseWords = 24

/** A phrase is the same in any case and with any space; a passphrase is what it is. */
const wordsOf = (text: string): string[] => text.trim().toLowerCase().split(/\s+/).filter(Boolean)

/** What is sent to open a backup; null while it cannot be right yet. */
export function secretOf({ kind, text }: SecretDraft): SecretDraft | null {
  if (kind === 'passphrase') return text === '' ? null : { kind, text }
  const words = wordsOf(text)
  return words.length === phraseWords ? { kind, text: words.join(' ') } : null
}

/** The secret of a backup that is there already. `onKind` is told when another kind is chosen, which begins anew. */
export function useSecret(onKind: () => void) {
  const [draft, setDraft] = useState(noSecret)
  return {
    draft,
    secret: secretOf(draft),
    setKind(kind: SecretKind) {
      setDraft({ kind, text: '' })
      onKind()
    },
    setText: (text: string) => setDraft({ ...draft, text }),
  }
}

/** Passphrase or the words of the recovery sheet. */
export function SecretFields({ draft, setKind, setText }: Omit<ReturnType<typeof useSecret>, 'secret'>) {
  const { t } = useSpeech()
  return (
    <>
      <SegmentedControl
        aria-label={t('wizard.key.with')}
        value={draft.kind}
        onChange={value => setKind(value as SecretKind)}
        data={[
          { value: 'passphrase', label: t('wizard.key.withPassphrase') },
          { value: 'recoveryPhrase', label: t('wizard.key.withPhrase') },
        ]}
      />
      {draft.kind === 'passphrase' ? (
        <PasswordInput
          label={t('wizard.key.passphrase')}
          value={draft.text}
          autoComplete="current-password"
          onChange={event => setText(event.currentTarget.value)}
        />
      ) : (
        <Textarea
          label={t('wizard.key.phrase')}
          description={t('wizard.key.wordCount', { count: wordsOf(draft.text).length })}
          value={draft.text}
          rows={4}
          autoComplete="off"
          spellCheck={false}
          onChange={event => setText(event.currentTarget.value)}
        />
      )}
    </>
  )
}

/** Says which word of a phrase is wrong, where that is known. */
export function BadWord({ error }: { error: WireError | null }) {
  const { t } = useSpeech()
  const word = error?.code === 'repository.wrongKey' ? error.details?.word : undefined
  return typeof word === 'number' ? <Note tone="attention">{t('wizard.key.badWord', { n: word })}</Note> : null
}
