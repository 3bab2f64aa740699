import { Select, TextInput } from '@mantine/core'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { areLockDays, endpointExamples, type Provider, providers, withProvider } from './draft.ts'
import type { ElsewhereFieldsProps } from './LoginFields.tsx'
import { PlainField } from './PlainField.tsx'

/** Where it is: a bucket, a folder on a server, a remote of rclone. */
export function PlaceFields(props: ElsewhereFieldsProps) {
  switch (props.draft.kind) {
    case 'b2':
    case 's3':
      return <BucketFields {...props} />
    case 'sftp':
      return <ServerFields {...props} />
    case 'rclone':
      return <RemoteFields {...props} />
  }
}

function BucketFields({ draft, change }: ElsewhereFieldsProps) {
  const { t } = useSpeech()
  const isS3 = draft.kind === 's3'
  const example = isS3 ? endpointExamples[draft.provider] : undefined
  return (
    <>
      {isS3 && (
        <Select
          label={t('elsewhere.provider')}
          allowDeselect={false}
          value={draft.provider}
          data={providers.map(value => ({ value, label: t(`elsewhere.provider.${value}`) }))}
          onChange={value => value && change(withProvider(draft, value as Provider))}
        />
      )}
      {example !== undefined && (
        <PlainField
          label={t('elsewhere.endpoint')}
          description={t('elsewhere.endpointHint', { example })}
          value={draft.endpoint}
          maxLength={500}
          onText={endpoint => change({ endpoint })}
        />
      )}
      <PlainField
        label={t('elsewhere.bucket')}
        description={t('elsewhere.bucketHint')}
        value={draft.bucket}
        maxLength={255}
        onText={bucket => change({ bucket })}
      />
      <PlainField
        label={t('elsewhere.prefix')}
        description={t('elsewhere.prefixHint')}
        value={draft.prefix}
        maxLength={500}
        onText={prefix => change({ prefix })}
      />
    </>
  )
}

/** What most people leave as it is. */
export function MoreOfBucket({ draft, change }: ElsewhereFieldsProps) {
  const { t } = useSpeech()
  if (draft.kind !== 'b2' && draft.kind !== 's3') return null
  return (
    <details className="hf-more">
      <summary>{t('elsewhere.more')}</summary>
      <div className="hf-fields">
        {draft.kind === 'b2' && (
          <PlainField
            label={t('elsewhere.endpoint')}
            description={t('elsewhere.b2.endpointHint')}
            value={draft.endpoint}
            maxLength={500}
            onText={endpoint => change({ endpoint })}
          />
        )}
        <PlainField
          label={t('elsewhere.region')}
          description={t('elsewhere.regionHint')}
          value={draft.region}
          maxLength={100}
          onText={region => change({ region })}
        />
        <Select
          label={t('elsewhere.style')}
          description={t('elsewhere.styleHint')}
          allowDeselect={false}
          value={draft.style}
          data={(['', 'path', 'virtual'] as const).map(value => ({
            value,
            label: t(`elsewhere.style.${value || 'usual'}`),
          }))}
          onChange={value => change({ style: (value ?? '') as typeof draft.style })}
        />
        <PlainField
          label={t('elsewhere.class')}
          description={t('elsewhere.classHint')}
          value={draft.storageClass}
          maxLength={100}
          onText={storageClass => change({ storageClass })}
        />
        <PlainField
          label={t('elsewhere.ca')}
          description={t('elsewhere.caHint')}
          value={draft.ca}
          maxLength={4096}
          onText={ca => change({ ca })}
        />
        <PlainField
          label={t('elsewhere.lock')}
          description={t('elsewhere.lockHint')}
          inputMode="numeric"
          value={draft.lockDays}
          maxLength={4}
          error={areLockDays(draft.lockDays) ? null : t('elsewhere.lockDays')}
          onText={lockDays => change({ lockDays })}
        />
        {draft.lockDays.trim() !== '' && (
          <Select
            label={t('elsewhere.lockMode')}
            description={t(`elsewhere.lockMode.${draft.lockMode}.hint`)}
            allowDeselect={false}
            value={draft.lockMode}
            data={(['compliance', 'governance'] as const).map(value => ({
              value,
              label: t(`elsewhere.lockMode.${value}`),
            }))}
            onChange={value => value && change({ lockMode: value as typeof draft.lockMode })}
          />
        )}
      </div>
    </details>
  )
}

function ServerFields({ draft, change }: ElsewhereFieldsProps) {
  const { t } = useSpeech()
  return (
    <>
      <div className="hf-row">
        <PlainField
          className="hf-grow"
          label={t('elsewhere.sftp.host')}
          placeholder="nas.example"
          value={draft.host}
          maxLength={255}
          onText={host => change({ host })}
        />
        <TextInput
          className="hf-port"
          label={t('elsewhere.sftp.port')}
          inputMode="numeric"
          value={draft.port}
          maxLength={5}
          onChange={event => change({ port: event.currentTarget.value.replace(/\D/g, '') })}
        />
      </div>
      <PlainField
        label={t('elsewhere.sftp.user')}
        value={draft.user}
        maxLength={255}
        onText={user => change({ user })}
      />
      <PlainField
        label={t('elsewhere.sftp.path')}
        description={t('elsewhere.sftp.pathHint')}
        placeholder="/srv/backup"
        value={draft.path}
        maxLength={1024}
        onText={path => change({ path })}
      />
    </>
  )
}

function RemoteFields({ draft, change }: ElsewhereFieldsProps) {
  const { t } = useSpeech()
  return (
    <>
      <PlainField
        label={t('elsewhere.rclone.remote')}
        description={t('elsewhere.rclone.remoteHint')}
        value={draft.remote}
        maxLength={255}
        onText={remote => change({ remote })}
      />
      <PlainField
        label={t('elsewhere.rclone.path')}
        value={draft.path}
        maxLength={1024}
        onText={path => change({ path })}
      />
    </>
  )
}
