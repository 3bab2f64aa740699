import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { type Hands, mouse } from '../support/hands.ts'

export const passphrase = 'violet harbour seldom copper lantern'

export interface Plan {
  /** Path or label of a disk that is to be backed up as a whole; all others are left out. */
  disk?: string
  imageFile?: string
  folder: string
  name?: string
  /** "Only when I ask" unless given. */
  rhythm?: string
}

/** The five steps from a computer without a backup to its first. */
export class Wizard {
  readonly #page: Page
  readonly #hands: Hands

  constructor(page: Page, hands: Hands = mouse) {
    this.#page = page
    this.#hands = hands
  }

  #heading(name: string): Promise<void> {
    return this.#page.getByRole('heading', { level: 1, name }).waitFor()
  }

  next(name = 'Next'): Promise<void> {
    return this.#hands.press(this.#page.getByRole('button', { name, exact: true }))
  }

  #choice(disk: string) {
    return this.#page.getByRole('radiogroup', { name: `What to back up of ${disk}`, exact: true })
  }

  /** All of what was chosen beforehand is left out but what is asked for. */
  async chooseWhat({ disk, imageFile }: Pick<Plan, 'disk' | 'imageFile'>): Promise<void> {
    await this.#heading('What do you want to back up?')
    const choices = this.#page.getByRole('radiogroup', { name: /^What to back up of / })
    if (disk !== undefined) await this.#choice(disk).waitFor()
    // Other disks of the machine that tests run on come and go; what comes later is left out.
    const named = await choices.evaluateAll(all => all.map(one => one.getAttribute('aria-label') ?? ''))
    for (const one of named.map(label => label.slice('What to back up of '.length))) {
      const wanted = one === disk ? 'Whole disk' : 'Leave out'
      await this.#hands.choose(this.#choice(one).getByRole('radio', { name: wanted }))
    }
    if (imageFile === undefined) return
    await this.#hands.type(this.#page.getByLabel('Path of an image file'), imageFile)
    await this.#hands.press(this.#page.getByRole('button', { name: 'Add', exact: true }))
    await this.#page.getByRole('button', { name: `Remove ${imageFile}` }).waitFor()
  }

  async chooseFolder(folder: string): Promise<void> {
    await this.#heading('Where do you want to keep it?')
    await this.#hands.type(this.#page.getByLabel('Path of the folder'), folder)
    await this.#hands.press(this.#page.getByRole('button', { name: 'Look there' }))
    await this.#page.getByText(/They stay as they are|A backup can be kept here|There is room/).waitFor()
  }

  async chooseDrive(title: string): Promise<void> {
    await this.#heading('Where do you want to keep it?')
    await this.#hands.choose(this.#page.getByRole('radio', { name: new RegExp(`^${title}`) }))
    await this.#page.getByText(/There is room/).waitFor()
  }

  async chooseKey(): Promise<void> {
    await this.#heading('What opens the backup?')
    await this.#hands.type(this.#page.getByLabel('Passphrase', { exact: true }), passphrase)
    await this.#hands.type(this.#page.getByLabel('Passphrase once more'), passphrase)
  }

  /** Saves the sheet and types the words that are asked for from what was saved. Returns all 24. */
  async keepSheet(): Promise<string> {
    await this.#page.getByRole('heading', { name: 'Save the recovery sheet' }).waitFor()
    const saved = this.#page.waitForEvent('download')
    await this.#hands.press(this.#page.getByRole('button', { name: 'Save the sheet…' }))
    const sheet = await readFile(await (await saved).path(), 'utf8')
    const words = (await this.#page.locator('.hf-words li').allTextContents()).map(word => word.trim())
    await this.#page.getByText('The sheet is saved.').waitFor()
    for (const label of await this.#page.locator('label', { hasText: /^Word \d+$/ }).allTextContents()) {
      const word = words[Number(label.slice('Word '.length)) - 1]!
      if (!sheet.includes(word)) throw new Error('The sheet that was saved holds other words')
      await this.#hands.type(this.#page.getByLabel(label, { exact: true }), word)
    }
    await this.#page.getByText('The sheet is right.').waitFor()
    return words.join(' ')
  }

  async chooseWhen(rhythm: string): Promise<void> {
    await this.#heading('When is it to run?')
    await this.#hands.choose(this.#page.getByRole('radio', { name: rhythm }))
  }

  async review(name: string): Promise<void> {
    await this.#heading('Everything as you want it?')
    await this.#hands.type(this.#page.getByLabel('Name of this backup'), name)
  }

  /** All steps; `at` is told each before it is left. Ends at home, with the first backup under way. Returns the 24 words. */
  async walk(plan: Plan, at: (step: string) => Promise<void> = async () => undefined): Promise<string> {
    await this.chooseWhat(plan)
    await at('what')
    await this.next()
    await this.chooseFolder(plan.folder)
    await at('where')
    await this.next()
    await this.chooseKey()
    await at('key')
    await this.next('Create the backup')
    const words = await this.keepSheet()
    await at('sheet')
    await this.next()
    await this.chooseWhen(plan.rhythm ?? 'Only when I ask')
    await at('when')
    await this.next()
    await this.review(plan.name ?? 'This computer')
    await at('review')
    await this.next('Start the first backup')
    await this.#heading('Home')
    return words
  }
}
