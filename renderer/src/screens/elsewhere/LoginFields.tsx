import { PasswordInput, Textarea } from '@mantine/core'
import type { StorageCredentials } from '../../../../engine/contract/credentials.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { ElsewhereDraft, ElsewhereKind } from './draft.ts'
import './elsewhere.css'
import { PlainField } from './PlainField.tsx'

export interface ElsewhereFieldsProps {
  draft: ElsewhereDraft
  change(changes: Partial<ElsewhereDraft>): void
}

/** What credentials a kind of place takes. */
export const loginKindOf = (kind: ElsewhereKind): StorageCredentials['kind'] =>
  kind === 'sftp' ? 'ssh' : kind === 'rclone' ? 'rclone' : 's3'

/** What lets one in. Whatever is secret is not shown while it is typed, and never again. */
export function LoginFields({ draft, change }: ElsewhereFieldsProps) {
  const { t } = useSpeech()
  switch (loginKindOf(draft.kind)) {
    case 's3':
      return (
        <>
          <PlainField
            label={t(draft.kind === 'b2' ? 'elsewhere.b2.keyId' : 'elsewhere.s3.keyId')}
            value={draft.keyId}
            maxLength={4096}
            onText={keyId => change({ keyId })}
          />
          <PasswordInput
            label={t(draft.kind === 'b2' ? 'elsewhere.b2.key' : 'elsewhere.s3.key')}
            description={t(draft.kind === 'b2' ? 'elsewhere.b2.keyHint' : 'elsewhere.s3.keyHint')}
            value={draft.secretKey}
            maxLength={4096}
            autoComplete="new-password"
            onChange={event => change({ secretKey: event.currentTarget.value })}
          />
        </>
      )
    case 'ssh':
      return (
        <>
          <Textarea
            label={t('elsewhere.sftp.privateKey')}
            description={t('elsewhere.sftp.privateKeyHint')}
            classNames={{ input: 'hf-secret-text' }}
            rows={3}
            value={draft.privateKey}
            autoComplete="off"
            spellCheck={false}
            onChange={event => change({ privateKey: event.currentTarget.value })}
          />
          <PasswordInput
            label={t('elsewhere.sftp.keyPassphrase')}
            value={draft.keyPassphrase}
            autoComplete="new-password"
            onChange={event => change({ keyPassphrase: event.currentTarget.value })}
          />
          <PasswordInput
            label={t('elsewhere.sftp.password')}
            description={t('elsewhere.sftp.passwordHint')}
            value={draft.password}
            autoComplete="new-password"
            onChange={event => change({ password: event.currentTarget.value })}
          />
        </>
      )
    case 'rclone':
      return (
        <Textarea
          label={t('elsewhere.rclone.config')}
          description={t('elsewhere.rclone.configHint')}
          classNames={{ input: 'hf-secret-text' }}
          rows={4}
          value={draft.config}
          autoComplete="off"
          spellCheck={false}
          onChange={event => change({ config: event.currentTarget.value })}
        />
      )
  }
}
