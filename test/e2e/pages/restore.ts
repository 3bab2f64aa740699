import type { Locator, Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'
import { goTo } from './frame.ts'

/** Version, target, what will happen, the question, progress and end. */
export class Restore {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  /** Chooses the newest version of that name. Ends at the choice of targets. */
  async chooseNewest(name: string): Promise<void> {
    await goTo(this.#page, 'Restore', this.#hands)
    await this.#hands.press(this.#page.getByRole('link', { name: 'Choose a version' }))
    await this.chooseShown(name)
  }

  /** As chooseNewest, where the list is shown already. */
  async chooseShown(name: string): Promise<void> {
    await this.#page.getByRole('heading', { level: 1, name: 'What do you want to restore?' }).waitFor()
    await this.#hands.press(this.#page.getByRole('link', { name: new RegExp(`^Choose ${name},`) }).first())
    await this.#page.getByRole('heading', { level: 1, name: 'Where do you want it?' }).waitFor()
    await this.#page.getByText('Looking at the disks…').waitFor({ state: 'hidden' })
  }

  /** A device that can be chosen; `text` is part of what stands beside it. */
  target(text: string | RegExp): Locator {
    return this.#page
      .getByRole('radiogroup', { name: 'Disks, partitions and volumes' })
      .getByRole('radio', { name: text })
  }

  /** Why a device cannot be chosen; null when nothing says so. */
  async reason(path: string): Promise<string | null> {
    const row = this.#page.locator('.hfr-refused li', { hasText: `(${path})` })
    await this.#page.locator('.hfr-refused').waitFor()
    return (await row.count()) === 0 ? null : row.locator('.hfr-reason').textContent()
  }

  async chooseDevice(text: string): Promise<void> {
    await this.#hands.choose(this.target(text))
  }

  async chooseNewFile(folder: string, name: string): Promise<void> {
    await this.#hands.choose(this.#page.getByRole('radio', { name: 'A new image file' }))
    await this.#hands.type(this.#page.getByLabel('Folder', { exact: true }), folder)
    await this.#hands.type(this.#page.getByLabel('File name'), name)
  }

  /** Ends at what will happen. */
  async look(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'See what will happen' }))
    await this.#page.getByRole('heading', { level: 1, name: 'What will happen' }).waitFor()
  }

  async askErase(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Erase and restore…' }))
    await this.dialog.waitFor()
  }

  get dialog(): Locator {
    return this.#page.getByRole('dialog')
  }

  get eraseButton(): Locator {
    return this.dialog.getByRole('button', { name: 'Erase and restore' })
  }

  async confirm(text: string): Promise<void> {
    await this.#hands.type(this.dialog.getByRole('textbox'), text)
  }

  async erase(): Promise<void> {
    await this.#hands.press(this.eraseButton)
  }

  async restoreToFile(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Restore to this file…' }))
    await this.#hands.press(this.dialog.getByRole('button', { name: 'Restore to the file' }))
  }

  /** Waits until all is written and was compared. */
  async isComplete(): Promise<void> {
    await this.#page.getByText('All of it was read back and is the same as in the backup.').waitFor()
  }

  /** Opens a backup of another computer in a folder, by its words. Ends at its versions. */
  async openByWords(folder: string, words: string): Promise<void> {
    await goTo(this.#page, 'Restore', this.#hands)
    await this.#hands.press(this.#page.getByRole('link', { name: 'Open a backup' }))
    await this.#page.getByRole('heading', { level: 1, name: 'Where is the backup?' }).waitFor()
    await this.#hands.choose(this.#page.getByRole('radio', { name: 'A folder' }))
    await this.#hands.type(this.#page.getByLabel('Folder', { exact: true }), folder)
    await this.#hands.press(this.#page.getByRole('button', { name: 'Look for a backup' }))
    await this.#page.getByRole('heading', { level: 1, name: 'What opens the backup?' }).waitFor()
    await this.#hands.choose(this.#page.getByRole('radio', { name: 'The 24 words' }))
    await this.typeWords(words)
    await this.openBackup()
  }

  async typeWords(words: string): Promise<void> {
    await this.#hands.type(this.#page.getByLabel('The 24 words of the recovery sheet'), words)
  }

  async openBackup(): Promise<void> {
    await this.#hands.press(this.#page.getByRole('button', { name: 'Open the backup' }))
  }
}
