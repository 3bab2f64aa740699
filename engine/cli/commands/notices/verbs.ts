import { readFile } from 'node:fs/promises'
import { systemClock } from '../../../base/clock.ts'
import { HoldfastError } from '../../../contract/errors.ts'
import type { Cli } from '../../cli.ts'
import { exitCodes } from '../../exitCodes.ts'
import { withHelper } from '../../helperClient.ts'
import { facts, printable } from '../../textLayout.ts'
import { counted, listed, localMinute } from '../../words.ts'
import { type Email, type NoticeOptions, type Notices, needsPassword, noticeSettings } from './settings.ts'

type Delivery = Notices['deliveries']['email']

export async function show(cli: Cli): Promise<void> {
  const notices = await withHelper(cli, client => client.call('notices.get', {}))
  cli.output.result(notices, () => describe(notices))
}

export async function set(cli: Cli, options: NoticeOptions): Promise<void> {
  const { passwordFile, webhookSecretFile } = options
  if (passwordFile === '-' && webhookSecretFile === '-' && !cli.canAsk) {
    throw new HoldfastError('usage.invalid', 'Two secrets cannot both come from standard input.', {
      advice: 'Name a file for one of them.',
    })
  }
  const certificates = options.certificates === undefined ? undefined : await certificatesIn(options.certificates)
  const notices = await withHelper(cli, async client => {
    const before = await client.call('notices.get', {})
    const settings = noticeSettings(before, options, certificates)
    const emailPassword = await passwordFor(cli, before, settings.email, passwordFile)
    const webhookSecret =
      webhookSecretFile === undefined
        ? undefined
        : await cli.secretTextFrom(webhookSecretFile, '--webhook-secret-file', 'Secret of the webhook: ')
    await client.call('notices.set', {
      ...settings,
      ...(emailPassword !== undefined && { emailPassword }),
      ...(webhookSecret !== undefined && { webhookSecret }),
    })
    return await client.call('notices.get', {})
  })
  cli.output.done(notices, () => `${describe(notices)}${isNowhere(notices) ? '' : 'Try it: holdfast notices test\n'}`)
}

/** Sends a message by each way and waits until it has arrived or has not; not arriving is 74. */
export async function test(cli: Cli): Promise<void> {
  const { signal } = cli.callOptions()
  const results = await withHelper(cli, async client => {
    const before = await client.call('notices.get', {})
    if (isNowhere(before)) {
      throw new HoldfastError('config.notFound', 'No messages are sent anywhere yet.', {
        advice: 'Say where they go with: holdfast notices set',
      })
    }
    await client.call('notices.test', {})
    for (;;) {
      const { deliveries: now } = await client.call('notices.get', {})
      const email = outcomeOf(before.deliveries.email, now.email)
      const webhook = outcomeOf(before.deliveries.webhook, now.webhook)
      if (email !== 'waiting' && webhook !== 'waiting') return { email, webhook }
      await systemClock.sleep(200, signal)
    }
  })
  const ways = Object.entries({ 'By e-mail': results.email, 'By webhook': results.webhook })
  if (ways.some(([, outcome]) => outcome?.arrived === false)) cli.exitCode = exitCodes.inputOutput
  const line = ([way, outcome]: (typeof ways)[number]) =>
    outcome === null
      ? ''
      : `${way}: ${outcome.arrived ? 'the message has arrived' : `not delivered. ${printable(outcome.error ?? '')}`}\n`
  cli.output.result(results, () => ways.map(line).join(''))
}

/** What became of a message since `before`; null for a way that is not set up. Pure. */
export function outcomeOf(
  before: Delivery,
  now: Delivery,
): 'waiting' | { arrived: boolean; error: string | null } | null {
  if (now === null) return null
  if (now.error !== null && now.errorAt !== before?.errorAt) return { arrived: false, error: now.error }
  const hasArrived = now.waiting === 0 && now.lastDeliveredAt !== (before?.lastDeliveredAt ?? null)
  return hasArrived ? { arrived: true, error: null } : 'waiting'
}

async function passwordFor(
  cli: Cli,
  before: Notices,
  email: Email | null,
  file: string | undefined,
): Promise<string | undefined> {
  const question = `Password of ${printable(email?.user ?? '')} at ${printable(email?.host ?? '')}: `
  if (file !== undefined) return await cli.secretTextFrom(file, '--password-file', question)
  if (!needsPassword(before.email, email)) return undefined
  if (cli.canAsk) return await cli.secretTextFrom('-', '--password-file', question)
  throw new HoldfastError('usage.invalid', `No password was given for ${email?.user} at ${email?.host}.`, {
    advice: 'Give --password-file FILE, or "-" to read it from standard input.',
  })
}

async function certificatesIn(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(error => {
    throw new HoldfastError('config.notFound', `${path} cannot be read: ${error.code ?? error.message}.`, {
      advice: 'Name a file with certificates in PEM.',
      details: { path },
      cause: error,
    })
  })
}

const isNowhere = ({ email, webhook }: Notices): boolean => email === null && webhook === null

function describe(notices: Notices): string {
  const { email, webhook, deliveries } = notices
  if (isNowhere(notices)) {
    return 'Messages are only shown on the screen. Send them somewhere with "holdfast notices set".\n'
  }
  const parts: string[] = []
  if (email) {
    const protection = { starttls: 'STARTTLS', tls: 'TLS', none: 'not encrypted' }[email.tls]
    const pairs = [
      ['To', listed(email.to)],
      ['From', email.from],
      ['Through', `${email.host}:${email.port} (${protection})`],
      ['As', email.user],
      ['Trusts', email.trustedCertificates === undefined ? undefined : 'its own certificates'],
      ...deliveryFacts(deliveries.email),
    ] as const
    parts.push(`E-mail\n${facts(pairs)}`)
  }
  if (webhook) parts.push(`Webhook\n${facts([['To', webhook.url], ...deliveryFacts(deliveries.webhook)])}`)
  return parts.join('')
}

function deliveryFacts(delivery: Delivery): [string, string | undefined][] {
  if (delivery === null) return []
  const { waiting, dropped, error, lastDeliveredAt } = delivery
  return [
    ['Last arrived', lastDeliveredAt === null ? undefined : localMinute(lastDeliveredAt)],
    ['Waiting', waiting === 0 ? undefined : counted(waiting, 'message')],
    ['Given up', dropped === 0 ? undefined : counted(dropped, 'message')],
    ['Trouble', error ?? undefined],
  ]
}
