import { HoldfastError } from '../../../contract/errors.ts'
import type { HelperContract } from '../../../contract/helperContract.ts'
import type { CallInput, CallOutput } from '../../../contract/rpcContract.ts'
import { parseCount } from '../../values.ts'

/** Options of "notices set", as they were given. */
export interface NoticeOptions {
  host?: string
  port?: string
  tls?: string
  user?: string
  passwordFile?: string
  from?: string
  to?: string[]
  certificates?: string
  /** False with --no-email; true otherwise. */
  email: boolean
  /** False with --no-webhook. */
  webhook?: string | false
  webhookSecretFile?: string
}

export type Notices = CallOutput<HelperContract, 'notices.get'>
type Settings = Pick<CallInput<HelperContract, 'notices.set'>, 'email' | 'webhook'>
export type Email = NonNullable<Settings['email']>

const kinds = ['starttls', 'tls', 'none'] as const
const usualPorts: Record<Email['tls'], number> = { starttls: 587, tls: 465, none: 25 }

/**
 * The settings that are to be, from those that are and what was given; `certificates` is what is in the file of that name.
 * Pure. usage.invalid when nothing was given, something contradicts, or something is missing for the first e-mail.
 */
export function noticeSettings(
  before: Pick<Notices, 'email' | 'webhook'>,
  options: NoticeOptions,
  certificates?: string,
): Settings {
  const { host, port, tls, user, passwordFile, from, to, webhook } = options
  const aboutEmail = [host, port, tls, user, passwordFile, from, to, certificates].some(one => one !== undefined)
  const aboutWebhook = webhook !== undefined || options.webhookSecretFile !== undefined
  if (!aboutEmail && options.email && !aboutWebhook) {
    throw invalid('Nothing was given that is to change.', 'See: holdfast notices set --help')
  }
  if (aboutEmail && !options.email) {
    throw invalid('--no-email and settings of e-mail are both given.', 'Leave one of them out.')
  }
  if (webhook === false && options.webhookSecretFile !== undefined) {
    throw invalid('--no-webhook and --webhook-secret-file are both given.', 'Leave one of them out.')
  }
  if (options.webhookSecretFile !== undefined && webhook === undefined && before.webhook === null) {
    throw invalid('There is no webhook that the secret could be for.', 'Give --webhook URL as well.')
  }
  return {
    email: options.email ? (aboutEmail ? emailFrom(before.email, options, certificates) : before.email) : null,
    webhook: webhook === undefined ? before.webhook : webhook === false ? null : { url: webhook },
  }
}

function emailFrom(before: Notices['email'], options: NoticeOptions, certificates: string | undefined): Email {
  const host = options.host ?? before?.host
  const from = options.from ?? before?.from
  const to = options.to ?? before?.to
  if (host === undefined || from === undefined || to === undefined) {
    const missing = Object.entries({ '--host': host, '--from': from, '--to': to })
    const names = missing.filter(([, value]) => value === undefined).map(([name]) => name)
    throw invalid(`E-mail cannot be sent without ${names.join(', ')}.`, 'Give that as well.')
  }
  const tls = options.tls === undefined ? (before?.tls ?? 'starttls') : kindOf(options.tls)
  const kept = options.tls === undefined ? before?.port : undefined
  const port = options.port === undefined ? (kept ?? usualPorts[tls]) : parseCount(options.port, '--port')
  const user = (options.user ?? before?.user) || undefined
  const trustedCertificates = certificates ?? before?.trustedCertificates
  return {
    ...{ host, port, tls, from, to },
    ...(user !== undefined && { user }),
    ...(trustedCertificates !== undefined && { trustedCertificates }),
  }
}

function kindOf(text: string): Email['tls'] {
  const found = kinds.find(kind => kind === text)
  if (found) return found
  throw invalid(`“${text}” is no value for --tls.`, 'Choose one of starttls, tls, none.')
}

/** Whether somebody logs in with a password that cannot be the one that is kept: what was for one place is not sent to another. */
export const needsPassword = (before: Notices['email'], email: Settings['email']): boolean =>
  email?.user !== undefined && (email.user !== before?.user || email.host !== before.host)

const invalid = (message: string, advice: string) => new HoldfastError('usage.invalid', message, { advice })
