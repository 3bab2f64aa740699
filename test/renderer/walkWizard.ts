import type { Page } from 'playwright-core'

const passphrase = 'violet harbour seldom copper lantern'

/** Goes through the wizard as a person would, from the first step to Home; `at` is told each step before it is left. */
export async function walkWizard(
  page: Page,
  at: (step: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const next = (name = 'Next') => page.getByRole('button', { name, exact: true }).click()
  const heading = (text: string) => page.getByRole('heading', { level: 1, name: text }).waitFor()

  await heading('What do you want to back up?')
  await page.getByRole('checkbox', { name: 'Read it while it is in use' }).check()
  await at('1-what')
  await next()

  await heading('Where do you want to keep it?')
  await page.getByRole('radio', { name: /Samsung T7/ }).check()
  await page.getByText('They stay as they are').waitFor()
  await at('2-where')
  await next()

  await heading('What opens the backup?')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByLabel('Passphrase once more').fill(passphrase)
  await at('3-key')
  await next('Create the backup')

  await page.getByRole('heading', { name: 'Save the recovery sheet' }).waitFor()
  await at('4-sheet')
  const words = await page.locator('.hf-words li').allTextContents()
  await page.getByRole('button', { name: 'Save the sheet…' }).click()
  await page.getByText('The sheet is saved.').waitFor()
  for (const label of await page.locator('label', { hasText: /^Word \d+$/ }).allTextContents()) {
    await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice('Word '.length)) - 1] ?? '')
  }
  await page.getByText('The sheet is right.').waitFor()
  await at('5-words')
  await next()

  await heading('When is it to run?')
  await at('6-when')
  await next()

  await heading('Everything as you want it?')
  await at('7-review')
  await next('Start the first backup')
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  await page.getByRole('progressbar').waitFor()
  await at('8-home')
}
