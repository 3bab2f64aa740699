import type { Locator, Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'
import { goTo } from './frame.ts'

/** The files of versions, from Home to the folder that they are in again. */
export class Files {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  /** Presses a version on the start screen. `when` is a part of what stands below its name. */
  async openFromHome(name: string, when: string): Promise<void> {
    const title = new RegExp(`^Browse files: *${name} *${when}`)
    await this.#hands.press(this.#page.getByRole('link', { name: title }))
    await this.#page.getByRole('grid').waitFor()
  }

  row(name: string): Locator {
    return this.#page.getByRole('row').filter({ has: this.#page.getByTitle(name, { exact: true }) })
  }

  /** Presses a row beside its name, which selects it. */
  async select(name: string): Promise<void> {
    await this.row(name).getByRole('gridcell').last().click()
    await this.#page.getByText('1 selected').waitFor()
  }

  async getBack(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Get back', exact: true }))
  }

  /** Waits until all is copied. */
  async areBack(): Promise<void> {
    await this.#page.getByText('Your files are back').waitFor()
  }

  /** What is attached, as the bar on the left leads to it. */
  async openAttached(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('navigation').getByRole('link', { name: /^Attached/ }))
    await this.#page.getByRole('heading', { level: 1, name: 'Attached' }).waitFor()
  }

  async detachAllFiles(): Promise<void> {
    const buttons = this.#page.getByRole('button', { name: /^Detach / })
    while ((await buttons.count()) > 0) {
      const before = await buttons.count()
      await this.#hands.press(buttons.first())
      while ((await buttons.count()) >= before) await this.#page.waitForTimeout(50)
    }
  }

  /** Makes a writable copy of a version that is shown; answers with its address for NBD clients. */
  async makeCopy(): Promise<string> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Writable copy…' }))
    await this.#hands.press(this.#page.getByRole('button', { name: 'Create and attach' }))
    await this.#page.getByRole('heading', { level: 1, name: 'Attached' }).waitFor()
    const address = this.#page.locator('.hfa-commands code', { hasText: /^nbd\+unix:/ })
    return (await address.textContent())!
  }

  /** Keeps the only copy as a version, which is shown at the end. */
  async keepCopy(note: string): Promise<void> {
    await this.#hands.press(this.#page.locator('.hfa-item').getByRole('button', { name: /^Detach / }))
    const keep = this.#page.getByRole('button', { name: 'Keep as version…' })
    await this.#page.getByText('Not attached').waitFor()
    await this.#hands.press(keep)
    await this.#hands.type(this.#page.getByLabel('Note'), note)
    await this.#hands.press(this.#page.getByRole('dialog').getByRole('button', { name: 'Keep as version' }))
    await this.#hands.press(this.#page.getByRole('link', { name: 'Open the new version' }))
  }

  async openVersions(): Promise<void> {
    await goTo(this.#page, 'Versions', this.#hands)
  }
}
