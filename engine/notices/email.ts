import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import { z } from 'zod'
import type { Channel, DeliveryOutcome } from './deliveryQueue.ts'
import { messageOf, oneLine } from './plainText.ts'

/** The address syntax of HTML forms (WHATWG, "valid e-mail address"): one address, no name, no comments, no line breaks. */
const address =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/
const hostName = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

const addressSchema = z.string().max(254).regex(address, 'This is no e-mail address.')

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** Where e-mail goes and how. The password is not part of it: it comes from the secret store when it is needed. */
export const emailSettingsSchema = z
  .strictObject({
    host: z.string().refine(host => isIP(host) !== 0 || hostName.test(host), 'This is no name of a computer.'),
    port: z.int().min(1).max(65_535),
    /** starttls: begins in the clear and fails unless the server encrypts (port 587); tls: from the start (port 465). */
    tls: z.enum(['starttls', 'tls', 'none']),
    /** Without it, no login. */
    user: z
      .string()
      .min(1)
      .max(254)
      .regex(/^\P{Cc}+$/u, 'This holds control characters.')
      .optional(),
    from: addressSchema,
    to: z.array(addressSchema).min(1).max(20),
    /** Certificates in PEM that are trusted instead of those of the system. */
    trustedCertificates: z.string().max(100_000).optional(),
  })
  .refine(({ tls, user, host }) => tls !== 'none' || user === undefined || isLoopback(host), {
    message: 'A password is not sent over a network without encryption. Choose STARTTLS or TLS.',
    path: ['tls'],
  })
export type EmailSettings = z.infer<typeof emailSettingsSchema>

export const emailItemSchema = z.object({ subject: z.string(), body: z.string() })
export type EmailItem = z.infer<typeof emailItemSchema>

export interface EmailOptions {
  settings: EmailSettings
  /** Asked for at every attempt; only when there is a user. */
  password?: () => Promise<string>
  /** Longest silence of the server in milliseconds, 30 s unless given. */
  timeoutMs?: number
}

/** Sends messages through an SMTP server, with a connection of its own for each. */
export function emailChannel({ settings, password, timeoutMs = 30_000 }: EmailOptions): Channel<EmailItem> {
  return {
    async send({ subject, body }, id, signal) {
      let secret: string | undefined
      try {
        if (settings.user !== undefined) secret = (await password?.()) ?? ''
      } catch (error) {
        return { outcome: 'failed', message: `The password for ${settings.host} cannot be read: ${messageOf(error)}` }
      }
      const transport = createTransport({
        host: settings.host,
        port: settings.port,
        secure: settings.tls === 'tls',
        requireTLS: settings.tls === 'starttls',
        ignoreTLS: settings.tls === 'none',
        ...(settings.user !== undefined && { auth: { user: settings.user, pass: secret } }),
        tls: { minVersion: 'TLSv1.2', ...(settings.trustedCertificates && { ca: settings.trustedCertificates }) },
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        dnsTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      try {
        await transport.sendMail({
          from: { name: 'Holdfast', address: settings.from },
          to: settings.to,
          subject: oneLine(subject, 200),
          text: body,
          // The same in every attempt, so that servers and readers can tell a repetition.
          messageId: `<${id}@${settings.from.split('@')[1]}>`,
          // RFC 3834: keeps out-of-office robots from answering.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        })
        return { outcome: 'delivered' }
      } catch (error) {
        return explained(error, settings, secret)
      } finally {
        transport.close()
      }
    },
  }
}

/** What nodemailer attaches to its errors. */
interface SmtpError {
  code?: string
  responseCode?: number
  command?: string
}

function explained(error: unknown, settings: EmailSettings, secret: string | undefined): DeliveryOutcome {
  const { code, responseCode, command } = error as SmtpError
  const place = `${settings.host}:${settings.port}`
  const said = withoutSecret(messageOf(error), secret)
  // After DATA the server has accepted sender and recipients: what it refuses for good is the text itself.
  if (command === 'DATA' && code === 'EMESSAGE' && responseCode !== undefined && responseCode >= 500) {
    return { outcome: 'refused', message: `The mail server ${place} refused a message: ${said}` }
  }
  const [message, advice] = ((): [string, string] => {
    switch (code) {
      case 'EAUTH':
      case 'ENOAUTH':
        return [`The mail server ${place} refused the login: ${said}`, 'Check the user name and the password.']
      case 'EENVELOPE':
        return [`The mail server ${place} refused the sender or a recipient: ${said}`, 'Check the addresses.']
      case 'ETLS':
        return [
          `The connection to the mail server ${place} could not be encrypted: ${said}`,
          'Check the port and the kind of encryption, and whether the certificate of the server is valid. Nothing was sent.',
        ]
      case 'EDNS':
        return [`The mail server ${settings.host} was not found: ${said}`, 'Check its name and the network.']
      default:
        return isCertificateProblem(error)
          ? [
              `The certificate of the mail server ${place} is not trusted: ${said}`,
              'Check the name of the server, or name the certificates to trust. Nothing was sent.',
            ]
          : [`The mail server ${place} could not be used: ${said}`, 'Check its name and port and the network.']
    }
  })()
  return { outcome: 'failed', message, advice }
}

const isCertificateProblem = (error: unknown): boolean =>
  /certificate|self.signed|altnames/i.test(error instanceof Error ? error.message : '')

/** A server may repeat what it was sent, also as it looked on the wire. */
function withoutSecret(text: string, secret: string | undefined): string {
  if (secret === undefined || secret === '') return text
  const forms = [secret, Buffer.from(secret).toString('base64')]
  return forms.reduce((rest, form) => rest.replaceAll(form, '[password]'), text)
}
