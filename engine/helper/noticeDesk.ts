import { hostname } from 'node:os'
import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { FactStore } from '../jobs/factStore.ts'
import { DeliveryQueue, type DeliveryState, restoreItems } from '../notices/deliveryQueue.ts'
import { type EmailItem, emailChannel, emailItemSchema, emailSettingsSchema } from '../notices/email.ts'
import type { JobHealth } from '../notices/health.ts'
import { emptyNoticeMemory, noticeMemorySchema, noticesFor } from '../notices/noticesFor.ts'
import { type DesktopNotice, desktopNotice, noticeText } from '../notices/texts.ts'
import {
  type WebhookItem,
  webhookChannel,
  webhookItem,
  webhookItemSchema,
  webhookSettingsSchema,
} from '../notices/webhook.ts'
import { type SecretStore, wipe, withSecret } from '../secrets/secretStore.ts'

const settingsSchema = z.strictObject({
  email: emailSettingsSchema.nullable().default(null),
  webhook: webhookSettingsSchema.nullable().default(null),
})
export type NoticeSettings = z.infer<typeof settingsSchema>

export interface NoticeDeskDeps {
  facts: FactStore
  secrets: SecretStore
  clock: Clock
  logger: Logger
  /** Somebody at this computer should be told, if there is anybody. */
  show(notice: DesktopNotice): void
}

/** Its secrets belong to no destination. */
const secretsId = '0'.repeat(16)

/** Tells people and programs what is worth telling: once, and again only when something has changed. */
export class NoticeDesk {
  readonly #deps: NoticeDeskDeps
  #email: DeliveryQueue<EmailItem> | undefined
  #webhook: DeliveryQueue<WebhookItem> | undefined

  constructor(deps: NoticeDeskDeps) {
    this.#deps = deps
    this.#open(this.settings)
  }

  get settings(): NoticeSettings {
    return this.#deps.facts.get('notices', settingsSchema) ?? { email: null, webhook: null }
  }

  /** How deliveries fare; null for ways that are not set up. */
  get deliveries(): { email: DeliveryState | null; webhook: DeliveryState | null } {
    return { email: this.#email?.state ?? null, webhook: this.#webhook?.state ?? null }
  }

  /**
   * Replaces the settings, and the secrets that are given. usage.invalid says what is wrong with them. What still waits is
   * delivered the new way.
   */
  async set(settings: unknown, secrets: { emailPassword?: string; webhookSecret?: string } = {}): Promise<void> {
    const parsed = settingsSchema.safeParse(settings)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      throw new HoldfastError('usage.invalid', `The settings are wrong at ${issue.path.join('.')}: ${issue.message}`, {
        advice: 'Mend that setting and try again.',
        details: { path: issue.path.join('.') },
      })
    }
    await this.#keep('email-password', secrets.emailPassword)
    await this.#keep('webhook-secret', secrets.webhookSecret)
    this.#deps.facts.set('notices', parsed.data)
    await this.close()
    this.#open(parsed.data)
  }

  /** Looks at how jobs fare and tells what is new. */
  look(jobs: readonly JobHealth[]): void {
    const { facts, clock } = this.#deps
    const before = facts.get('noticeMemory', noticeMemorySchema) ?? emptyNoticeMemory
    const { events, memory } = noticesFor(before, { at: clock.now(), jobs })
    // Before anything is sent: told twice after a crash is worse than kept for the next reminder.
    if (JSON.stringify(memory) !== JSON.stringify(before)) facts.set('noticeMemory', memory)
    const context = { host: hostname() }
    for (const event of events) {
      this.#deps.show(desktopNotice(event))
      this.#email?.add(noticeText(event, context))
      this.#webhook?.add(webhookItem(event, context))
    }
  }

  /** Sends a message to see whether it arrives. */
  test(): void {
    const subject = `Holdfast on ${hostname()}: a test`
    const body = 'This message was asked for to see whether it arrives. It did.\n'
    this.#email?.add({ subject, body })
    this.#webhook?.add({ event: 'test', job: null, subject, text: body })
    this.#email?.retryNow()
    this.#webhook?.retryNow()
  }

  async close(): Promise<void> {
    await Promise.all([this.#email?.close(), this.#webhook?.close()])
    this.#email = undefined
    this.#webhook = undefined
  }

  #open({ email, webhook }: NoticeSettings): void {
    const { facts, clock, secrets, logger } = this.#deps
    const secret = (kind: 'email-password' | 'webhook-secret') => () =>
      withSecret(secrets, secretsId, kind, bytes => bytes.toString('utf8'))
    const queue = <T>(
      name: string,
      channel: ConstructorParameters<typeof DeliveryQueue<T>>[0]['channel'],
      item: z.ZodType<T>,
    ) =>
      new DeliveryQueue<T>({
        channel,
        clock,
        saved: restoreItems(facts.get(name, z.unknown()), item),
        save: items => facts.set(name, items),
        onState: ({ lastError }) => {
          if (lastError) logger.warn('A notice could not be delivered', { way: name, error: lastError.message })
        },
      })
    if (email) {
      const channel = emailChannel({ settings: email, password: secret('email-password') })
      this.#email = queue('emailQueue', channel, emailItemSchema)
    }
    if (webhook) {
      const hasSecret = this.#deps.facts.get('webhookSigned', z.boolean()) === true
      const channel = webhookChannel({ settings: webhook, ...(hasSecret && { secret: secret('webhook-secret') }) })
      this.#webhook = queue('webhookQueue', channel, webhookItemSchema)
    }
  }

  async #keep(kind: 'email-password' | 'webhook-secret', text: string | undefined): Promise<void> {
    if (text === undefined) return
    const bytes = Buffer.from(text, 'utf8')
    try {
      await this.#deps.secrets.put(secretsId, kind, bytes)
    } finally {
      wipe(bytes)
    }
    if (kind === 'webhook-secret') this.#deps.facts.set('webhookSigned', true)
  }
}
