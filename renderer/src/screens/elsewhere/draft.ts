import type { StorageCredentials } from '../../../../engine/contract/credentials.ts'
import type { Input } from '../../state/calls.ts'

/** What the forms of places elsewhere have been told, and what the helper is asked with. Pure. */

export const elsewhereKinds = ['b2', 's3', 'sftp', 'rclone'] as const
export type ElsewhereKind = (typeof elsewhereKinds)[number]

export const providers = ['aws', 'wasabi', 'r2', 'google', 'minio'] as const
export type Provider = (typeof providers)[number]

export interface ElsewhereDraft {
  kind: ElsewhereKind
  provider: Provider
  bucket: string
  /** Folder in the bucket. */
  prefix: string
  endpoint: string
  region: string
  style: '' | 'path' | 'virtual'
  storageClass: string
  ca: string
  /** Days for which everything is locked against removal; empty: it is not. */
  lockDays: string
  lockMode: 'compliance' | 'governance'
  keyId: string
  secretKey: string
  host: string
  port: string
  user: string
  path: string
  privateKey: string
  keyPassphrase: string
  password: string
  remote: string
  config: string
}

export const emptyElsewhere: ElsewhereDraft = {
  kind: 'b2',
  provider: 'aws',
  ...{ bucket: '', prefix: '', endpoint: '', region: '', style: '', storageClass: '', ca: '' },
  ...{ lockDays: '', lockMode: 'compliance' },
  ...{ keyId: '', secretKey: '', host: '', port: '22', user: '', path: '' },
  ...{ privateKey: '', keyPassphrase: '', password: '', remote: '', config: '' },
}

/** What an endpoint looks like at each provider; undefined where it follows from the region alone. */
export const endpointExamples: Record<Provider, string | undefined> = {
  aws: undefined,
  wasabi: 'https://s3.eu-central-2.wasabisys.com',
  r2: 'https://ACCOUNT.r2.cloudflarestorage.com',
  google: 'https://storage.googleapis.com',
  minio: 'https://nas.example:9000',
}

/** Choosing a provider fills in what is the same for everybody there. */
export function withProvider(draft: ElsewhereDraft, provider: Provider): ElsewhereDraft {
  const isFixed = provider === 'google'
  const region = provider === 'r2' || provider === 'google' ? 'auto' : ''
  return { ...draft, provider, region, endpoint: isFixed ? endpointExamples.google! : '', style: '' }
}

/** Three years; what is locked cannot be undone, so more would be a slip of the pen. The helper takes no more. */
const mostLockDays = 1098

/** Nothing, or a number of days that the helper takes. */
export const areLockDays = (text: string): boolean =>
  text.trim() === '' || (/^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= mostLockDays)

/** The URL of the place; null while something that it needs is missing. Whether it is right, the helper says. */
export function urlOf(draft: ElsewhereDraft): string | null {
  const text = (field: keyof ElsewhereDraft) => draft[field].trim()
  switch (draft.kind) {
    case 'b2':
    case 's3': {
      const needsEndpoint = draft.kind === 's3' && endpointExamples[draft.provider] !== undefined
      if (text('bucket') === '' || (needsEndpoint && text('endpoint') === '')) return null
      if (!areLockDays(text('lockDays'))) return null
      const place = [text('bucket'), ...text('prefix').split('/').filter(Boolean)].join('/')
      const options = {
        endpoint: withScheme(text('endpoint')),
        region: text('region'),
        style: draft.style,
        class: text('storageClass'),
        ca: text('ca'),
        lock: text('lockDays'),
        'lock-mode': text('lockDays') === '' || draft.lockMode === 'compliance' ? '' : draft.lockMode,
      }
      return `${draft.kind}:${place}${optionText(options)}`
    }
    case 'sftp': {
      if (text('host') === '' || text('path') === '') return null
      const host = text('host').includes(':') ? `[${text('host')}]` : text('host')
      const who = text('user') === '' ? '' : `${encodeURIComponent(text('user'))}@`
      const path = text('path')
      if (!path.startsWith('/')) return `sftp:${text('user') === '' ? '' : `${text('user')}@`}${host}:${path}`
      const port = text('port') === '' || text('port') === '22' ? '' : `:${text('port')}`
      return `sftp://${who}${host}${port}${path.split('/').map(encodeURIComponent).join('/')}`
    }
    case 'rclone':
      return text('remote') === '' ? null : `rclone:${text('remote').replace(/:$/, '')}:${text('path')}`
  }
}

/** What lets one in; undefined where nothing was entered, which the helper of one person may do without. */
export function credentialsOf(draft: ElsewhereDraft): StorageCredentials | undefined {
  switch (draft.kind) {
    case 'b2':
    case 's3':
      if (draft.keyId.trim() === '' || draft.secretKey.trim() === '') return undefined
      return { kind: 's3', keyId: draft.keyId.trim(), secretKey: draft.secretKey.trim() }
    case 'sftp': {
      const { privateKey, keyPassphrase, password } = draft
      if (privateKey.trim() === '' && password === '') return undefined
      return {
        kind: 'ssh',
        ...(privateKey.trim() !== '' && { privateKey: `${privateKey.trim()}\n` }),
        ...(keyPassphrase !== '' && { passphrase: keyPassphrase }),
        ...(password !== '' && { password }),
      }
    }
    case 'rclone':
      return draft.config.trim() === '' ? undefined : { kind: 'rclone', config: draft.config }
  }
}

/** What is to be tested; null while something is missing. */
export function questionOf(draft: ElsewhereDraft): Input<'places.test'> | null {
  const url = urlOf(draft)
  const credentials = credentialsOf(draft)
  const isBucket = draft.kind === 'b2' || draft.kind === 's3'
  if (url === null || (isBucket && credentials === undefined)) return null
  return { url, ...(credentials && { credentials }) }
}

const withScheme = (endpoint: string): string =>
  endpoint === '' || /^https?:/i.test(endpoint) ? endpoint : `https://${endpoint}`

function optionText(options: Readonly<Record<string, string>>): string {
  const parts = Object.entries(options).filter(([, value]) => value !== '')
  return parts.length === 0 ? '' : `?${parts.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
}
