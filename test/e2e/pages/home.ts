import type { Locator, Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'

/** The one sentence, the work under way and the buttons. */
export class Home {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  get hero(): Locator {
    return this.#page.locator('.hf-hero')
  }

  get progress(): Locator {
    return this.#page.getByRole('progressbar')
  }

  async setUpBackup(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('link', { name: 'Set up a backup' }))
  }

  async backUpNow(): Promise<void> {
    await this.#hands.press(this.hero.getByRole('button', { name: 'Back up now' }))
  }

  /** Waits until nothing runs and all is well. */
  async isProtected(): Promise<void> {
    await this.hero.getByText(/^Protected\. Last backup/).waitFor()
  }
}
