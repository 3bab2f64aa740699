import type { Locator, Page } from 'playwright-core'
import { goTo } from './frame.ts'

/** The list of all versions. */
export class Versions {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  async open(): Promise<void> {
    await goTo(this.#page, 'Versions')
  }

  get rows(): Locator {
    return this.#page.getByRole('list', { name: 'Versions, newest first' }).locator('.hfv-row')
  }

  /** Rows of what has that name, newest first. */
  of(name: string): Locator {
    return this.rows.filter({ has: this.#page.locator(`a[title="${name}"]`) })
  }
}
