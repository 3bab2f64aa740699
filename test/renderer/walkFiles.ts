import type { Page } from 'playwright-core'

/** Goes from Home to files that are back, and to a writable copy; `at` is told each step before it is left. */
export async function walkFiles(
  page: Page,
  at: (step: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const press = (name: string | RegExp, role: 'button' | 'link' = 'button') =>
    page.getByRole(role, { name }).first().click()
  const row = (name: string) => page.getByRole('row', { name }).first()
  const moveOn = (ms: number) => page.evaluate(`window.stage.advance(${ms})`)

  // Three presses: the version, the file, and “Get back”.
  await press(/^Browse files: *root *yesterday/, 'link')
  await row('notes.txt').waitFor()
  await at('1-list')
  await row('notes.txt').click()
  await page.getByText('Call the roofer').first().waitFor()
  await at('2-text')
  await press('Get back')
  await page.getByRole('heading', { name: 'Getting files of root back' }).waitFor()
  await at('3-running')
  await moveOn(2000)
  await page.getByText('Your files are back').waitFor()
  await at('4-done')

  await press('Back to the files', 'link')
  await row('roof.png').click()
  await page.getByRole('img', { name: 'Picture roof.png' }).waitFor()
  await press('Look for it in other versions')
  await page.getByText('Another state').first().waitFor()
  await at('5-picture')
  await row('Minutes of the meeting').click()
  await page.keyboard.press('Shift+ArrowDown')
  await at('6-long-name')
  await row('notes.txt').click()
  await press('Get back')
  await page.getByText('1 is there already').waitFor()
  await at('7-there-already')
  await press('Replace')
  await page.getByText('1 will be replaced:').waitFor()
  await at('8-plan')
  await press('Replace and get back…')
  await page.getByRole('dialog').waitFor()
  await at('9-question')
  await press('Leave them')
  await press('Back to the files')

  await page.getByTitle('archive').click()
  await page.getByText('100,000 entries').waitFor()
  await page.keyboard.press('End')
  await page.getByText('scan-099999.tif').first().waitFor()
  await at('10-many')
  await page.keyboard.press('Backspace')
  await row('notes.txt').waitFor()
  await page.getByTitle('empty', { exact: true }).click()
  await page.getByText('This folder is empty').waitFor()
  await at('11-empty')

  await press('Home', 'link')
  await press(/^Browse files: *home *yesterday/, 'link')
  await page.getByRole('heading', { name: 'Volumes in this version' }).waitFor()
  await page.getByLabel(/^Passphrase of/).fill('wrong')
  await press('Unlock')
  await page.getByText('This does not open the volume').waitFor()
  await at('12-volumes')

  await press('About this version', 'link')
  await press('Writable copy…')
  await page.getByRole('dialog').waitFor()
  await at('13-new-copy')
  await press('Create and attach')
  await page.getByRole('heading', { level: 1, name: 'Attached' }).waitFor()
  await at('14-attached')
  await page
    .getByRole('listitem')
    .filter({ hasText: '/dev/nbd0' })
    .last()
    .getByRole('button', { name: /^Detach/ })
    .click()
  await press('Keep as version…')
  await page.getByLabel('Note').fill('repaired')
  await at('15-keep')
  await page.getByRole('dialog').getByRole('button', { name: 'Keep as version' }).click()
  await page.getByRole('heading', { level: 1, name: 'Keeping the copy of home' }).waitFor()
  await moveOn(2000)
  await page.getByText('Open the new version').waitFor()
  await at('16-kept')
}

/** What stands there while files cannot be shown. */
export async function walkFilesTrouble(page: Page, at: (step: string) => Promise<void>): Promise<void> {
  const open = () => page.getByRole('link', { name: /^Browse files: *root *yesterday/ }).click()
  const home = () => page.getByRole('link', { name: 'Home' }).click()

  await page.evaluate("window.stage.bridge.hanging.add('files.open')")
  await open()
  await page.getByText('Opening the version…').waitFor()
  await at('20-opening')
  await page.getByRole('button', { name: 'Stop opening' }).click()
  await page.getByText('Opening was stopped').waitFor()
  await at('21-stopped')
  await page.evaluate('window.stage.bridge.hanging.clear()')
  await home()
  await page.evaluate(
    `window.stage.bridge.failures.set('files.open', { code: 'files.damaged', message: 'mount: /dev/nbd0: bad superblock.', retryable: false })`,
  )
  await open()
  await page.getByText('The file system in this version is too damaged').waitFor()
  await at('22-damaged')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('row', { name: 'notes.txt' }).waitFor()
  await page.evaluate(
    `window.stage.bridge.failures.set('files.list', { code: 'integrity.blockDamaged', message: 'Block 17 is damaged.', retryable: false })`,
  )
  await page.getByTitle('archive').click()
  await page.getByText('Some stored data is damaged').waitFor()
  await at('23-list-failed')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('100,000 entries').waitFor()
  await page.getByRole('searchbox').fill('no such thing')
  await page.getByText('Nothing in this folder has that in its name').waitFor()
  await page.getByRole('link', { name: /^Attached/ }).click()
  await page.getByRole('button', { name: /^Detach root/ }).click()
  await page.getByText('Nothing is attached').waitFor()
  await at('24-nothing-attached')
  await home()
  await open()
  await page.getByRole('row', { name: 'notes.txt' }).waitFor()
  await page.evaluate(
    `(() => { const { world } = window.stage; world.attachments = []; world.topics.attachments.tell({ attachments: [] }) })()`,
  )
  await page.getByText('This version is not attached any more').waitFor()
  await at('25-ended')
}
