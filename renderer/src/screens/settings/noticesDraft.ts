import type { Input, Output } from '../../state/calls.ts'

/** Where messages go, while it is edited. Pure. */

export type Tls = NonNullable<Input<'notices.set'>['email']>['tls']
export const tlsKinds: readonly Tls[] = ['starttls', 'tls', 'none']

export interface NoticesDraft {
  hasEmail: boolean
  host: string
  port: number
  tls: Tls
  user: string
  password: string
  from: string
  /** With commas between them. */
  to: string
  certificates: string
  hasWebhook: boolean
  url: string
  secret: string
}

export function draftOfNotices({ email, webhook }: Pick<Output<'notices.get'>, 'email' | 'webhook'>): NoticesDraft {
  return {
    hasEmail: email !== null,
    host: email?.host ?? '',
    port: email?.port ?? 587,
    tls: tlsKinds.find(kind => kind === email?.tls) ?? 'starttls',
    user: email?.user ?? '',
    // Secrets are never told; left empty, those that are there stay.
    password: '',
    from: email?.from ?? '',
    to: email?.to.join(', ') ?? '',
    certificates: email?.trustedCertificates ?? '',
    hasWebhook: webhook !== null,
    url: webhook?.url ?? '',
    secret: '',
  }
}

export const addressesIn = (text: string): string[] =>
  text
    .split(/[,;\s]+/)
    .map(address => address.trim())
    .filter(address => address !== '')

export function isNoticesReady(draft: NoticesDraft): boolean {
  const isMail = draft.host.trim() !== '' && draft.from.trim() !== '' && addressesIn(draft.to).length > 0
  return (!draft.hasEmail || isMail) && (!draft.hasWebhook || /^https?:\/\/./.test(draft.url.trim()))
}

export function noticesOf(draft: NoticesDraft): Input<'notices.set'> {
  const { port, tls, password, secret, certificates } = draft
  const user = draft.user.trim()
  return {
    email: draft.hasEmail
      ? {
          host: draft.host.trim(),
          port,
          tls,
          from: draft.from.trim(),
          to: addressesIn(draft.to),
          ...(user === '' ? {} : { user }),
          ...(certificates.trim() === '' ? {} : { trustedCertificates: certificates }),
        }
      : null,
    webhook: draft.hasWebhook ? { url: draft.url.trim() } : null,
    ...(draft.hasEmail && password !== '' ? { emailPassword: password } : {}),
    ...(draft.hasWebhook && secret !== '' ? { webhookSecret: secret } : {}),
  }
}
