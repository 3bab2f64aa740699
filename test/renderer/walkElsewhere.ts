import type { Page } from 'playwright-core'

/** Goes through the forms of places elsewhere on the page that adds a destination, with the keyboard where a person would. */
export async function walkElsewhere(
  page: Page,
  at: (step: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const test = () => page.getByRole('button', { name: 'Test', exact: true }).click()
  const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
  const choose = (name: string) => page.getByRole('radio', { name }).check({ force: true })

  await choose('Backblaze B2')
  await at('1-b2')
  await fill('Bucket', 'readonly')
  await fill('Key id (keyID)', '0045f0571db506a0000000001')
  await fill('Application key', 'K004xyz')
  await test()
  await page.getByText('This key may not write to the bucket').waitFor()
  await at('2-lacks')
  await fill('Bucket', 'append-only')
  await page.getByText('This key may not write to the bucket').waitFor({ state: 'detached' })
  await page.getByLabel('Application key', { exact: true }).press('Enter')
  await page.getByText('Everything works').waitFor()
  await at('3-works')

  await choose('S3 and compatible')
  await page.getByText('More options').click()
  await at('4-s3')
  await fill('Bucket', 'offline')
  await fill('Access key id', 'id')
  await fill('Secret access key', 'key')
  await test()
  await page.getByText('The destination does not answer').waitFor()
  await at('5-offline')

  await choose('SFTP')
  await fill('Server', 'nas.example')
  await fill('User', 'anna')
  await fill('Folder on the server', '/srv/backup')
  await fill('Private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----')
  await test()
  await page.getByText('Compare its fingerprint').waitFor()
  await at('6-hostKey')
  await page.getByRole('button', { name: 'It is the same: trust this server' }).click()
  await page.getByText('Everything works').waitFor()
  await fill('Folder on the server', '/srv/changed')
  await test()
  await page.getByText('The server has another key than before').waitFor()
  await at('7-changed')

  await choose('rclone')
  await fill('Remote', 'cloud')
  await fill('Its configuration', '[cloud]\ntype = webdav\n')
  await test()
  await page.getByText('Everything works').waitFor()
  await at('8-rclone')
}
