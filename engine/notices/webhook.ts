import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Channel, DeliveryOutcome } from './deliveryQueue.ts'
import type { NoticeEvent } from './events.ts'
import { messageOf, oneLine } from './plainText.ts'
import { noticeText, type TextContext } from './texts.ts'

/** Where webhooks go. The secret is not part of it: it comes from the secret store when it is needed. */
export const webhookSettingsSchema = z.strictObject({
  url: z
    .string()
    .max(2000)
    .refine(text => {
      const url = URL.parse(text)
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    }, 'This is no http or https address, or it holds a password.'),
})
export type WebhookSettings = z.infer<typeof webhookSettingsSchema>

/**
 * What is posted, as JSON: `event`, `at` and `host`; `job` is the name of the job, or null when there are several; `jobs` are
 * the details of each (times in ISO 8601, UTC); `subject` and `text` say the same for people (chat servers show `text`).
 */
export const webhookItemSchema = z.looseObject({ event: z.string(), job: z.string().nullable() })
export type WebhookItem = z.infer<typeof webhookItemSchema>

/** Larger requests are not sent; jobs are left out until they fit. */
export const maxWebhookBytes = 64 * 1024

/** Names of fields that hold times, which become ISO 8601. */
const timeFields = new Set(['at', 'since', 'lastSuccess', 'lastSeen'])

/** The JSON object for an event. `jobs` is shortened to what fits; `jobCount` says how many there are. */
export function webhookItem(event: NoticeEvent, context: TextContext): WebhookItem {
  const { subject, body } = noticeText(event, context)
  const jobs = (event.jobs as readonly object[]).map(job => withIsoTimes(job))
  const make = (count: number): WebhookItem => ({
    event: event.event,
    at: new Date(event.at).toISOString(),
    host: oneLine(context.host, 80),
    job: event.jobs.length === 1 ? oneLine(event.jobs[0]!.name) : null,
    jobCount: jobs.length,
    jobs: jobs.slice(0, count),
    subject,
    text: body,
  })
  let count = jobs.length
  while (count > 0 && Buffer.byteLength(JSON.stringify(make(count))) > maxWebhookBytes - 100)
    count = Math.floor(count / 2)
  return make(count)
}

function withIsoTimes(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return timeFields.has(name) ? new Date(value).toISOString() : value
  if (typeof value === 'string') return oneLine(value, 500)
  if (Array.isArray(value)) return value.map(entry => withIsoTimes(entry))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withIsoTimes(entry, key)]))
}

export interface WebhookOptions {
  settings: WebhookSettings
  /** Key of the signature; without it there is none. Asked for at every attempt. */
  secret?: () => Promise<string>
  /** For the whole request, milliseconds. 30 s unless given. */
  timeoutMs?: number
}

/**
 * Posts JSON. Headers: X-Holdfast-Event, X-Holdfast-Delivery (the same in every attempt at one message), and with a secret
 * X-Holdfast-Signature-256: "sha256=" and the HMAC-SHA-256 of the body in hex. Every answer of 200 to 299 counts as
 * delivered; what it says is not read. Redirects are not followed.
 */
export function webhookChannel({ settings, secret, timeoutMs = 30_000 }: WebhookOptions): Channel<WebhookItem> {
  // The path may hold a token, so messages name the server only.
  const place = URL.parse(settings.url)?.origin ?? 'the webhook'
  return {
    async send(item, id, signal) {
      const body = JSON.stringify({ id, ...item })
      if (Buffer.byteLength(body) > maxWebhookBytes) {
        return { outcome: 'refused', message: `A webhook for ${place} was larger than ${maxWebhookBytes} bytes.` }
      }
      let key: string | undefined
      try {
        key = await secret?.()
      } catch (error) {
        return { outcome: 'failed', message: `The secret of the webhook ${place} cannot be read: ${messageOf(error)}` }
      }
      try {
        const response = await fetch(settings.url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Holdfast',
            'x-holdfast-event': item.event,
            'x-holdfast-delivery': id,
            ...(key !== undefined && { 'x-holdfast-signature-256': signatureOf(body, key) }),
          },
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        })
        // Whatever it holds, and however much.
        await response.body?.cancel()
        return outcomeOf(response.status, place)
      } catch (error) {
        return {
          outcome: 'failed',
          message: whyFailed(error, place, timeoutMs),
          advice: 'Check the address and the network.',
        }
      }
    },
  }
}

/** "sha256=" and the HMAC-SHA-256 (RFC 2104) of the body in hex. */
export const signatureOf = (body: string, key: string): string =>
  `sha256=${createHmac('sha256', key).update(body).digest('hex')}`

/** These say that this very body is not wanted; other errors speak of the address, the rights or the server. */
const bodyRefused = new Set([400, 413, 415, 422])

function outcomeOf(status: number, place: string): DeliveryOutcome {
  if (status >= 200 && status < 300) return { outcome: 'delivered' }
  if (bodyRefused.has(status))
    return { outcome: 'refused', message: `${place} refused a webhook with status ${status}.` }
  if (status >= 300 && status < 400) {
    return {
      outcome: 'failed',
      message: `${place} answered a webhook with a redirect (${status}), which is not followed.`,
      advice: 'Enter the address that it leads to.',
    }
  }
  return {
    outcome: 'failed',
    message: `${place} answered a webhook with status ${status}.`,
    advice: status < 500 ? 'Check the address and the rights there.' : 'It is tried again.',
  }
}

function whyFailed(error: unknown, place: string, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `${place} did not answer within ${timeoutMs} ms.`
  // fetch says "fetch failed" and keeps the reason in the cause, which names no path.
  const cause = error instanceof Error ? error.cause : undefined
  return `${place} could not be reached: ${messageOf(cause ?? 'no reason was given')}`
}
