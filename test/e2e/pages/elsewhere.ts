import type { Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'

export interface B2Plan {
  bucket: string
  prefix: string
  keyId: string
  key: string
  /** Instead of the one that Backblaze would name. */
  endpoint: string
}

/** The forms of places elsewhere, in the wizard and where destinations are added. */
export class Elsewhere {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  async #fill(label: string, text: string): Promise<void> {
    await this.#hands.type(this.#page.getByLabel(label, { exact: true }), text)
  }

  async fillB2({ bucket, prefix, keyId, key, endpoint }: B2Plan): Promise<void> {
    await this.#hands.choose(this.#page.getByRole('radio', { name: 'Backblaze B2' }))
    await this.#fill('Bucket', bucket)
    await this.#fill('Folder in the bucket (optional)', prefix)
    await this.#fill('Key id (keyID)', keyId)
    await this.#fill('Application key', key)
    await this.#hands.press(this.#page.getByText('More options'))
    await this.#fill('Address of the server (endpoint)', endpoint)
  }

  async test(expected: string): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Test', exact: true }))
    await this.#page.getByText(expected).waitFor()
  }
}
