import type { Locator, Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'
import { goTo } from './frame.ts'

/** Whether one can rely on the backups, what is damaged, and checks. */
export class Health {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  async open(): Promise<void> {
    await goTo(this.#page, 'Health', this.#hands)
  }

  async verify(destination: string): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: `Verify now: ${destination}` }))
  }

  /** What the last check has found, in words. */
  lastCheck(words: string | RegExp): Locator {
    return this.#page.locator('.hf-check').getByText(words)
  }

  get damage(): Locator {
    return this.#page.locator('.hf-damage')
  }
}
