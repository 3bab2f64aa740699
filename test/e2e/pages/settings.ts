import type { Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'

/** Language and colours. */
export class Settings {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  /** `field` is what the language is called in the present one. */
  async speak(language: string, field = 'Language'): Promise<void> {
    await this.#hands.press(this.#page.getByRole('textbox', { name: field }))
    await this.#page.getByRole('option', { name: language }).click()
  }

  async appear(as: 'Like the desktop' | 'Light' | 'Dark'): Promise<void> {
    await this.#hands.choose(this.#page.getByRole('radio', { name: as, exact: true }))
  }
}
