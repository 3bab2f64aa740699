import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

test('the words on a written recovery sheet open the repository', async () => {
  const env = placeIn(folder.path)
  expect((await holdfast(['init'], { env })).code).toBe(0)
  const file = join(folder.path, 'sheet.html')
  const made = await holdfast(['key', 'sheet', '--new-phrase', '--qr', '-o', file, '--json'], { env })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const { repositoryId, ...rest } = JSON.parse(made.stdout)
  expect(rest).toEqual({ file, withPhrase: true })
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  const html = await readFile(file, 'utf8')
  for (const fact of [repositoryId, env.HOLDFAST_REPO]) expect(html).toContain(`<bdi>${fact}</bdi>`)
  const words = [...html.matchAll(/<li><span>\d+<\/span><bdi>([a-z]+)<\/bdi>/g)].map(([, word]) => word)
  expect(words).toHaveLength(24)
  const opened = await holdfast(['key', 'list', '--json'], { env: { ...env, HOLDFAST_PASSPHRASE: words.join(' ') } })
  expect(opened).toMatchObject({ code: 0 })
  const kinds = JSON.parse(opened.stdout).keys.map(({ kind }: { kind: string }) => kind)
  expect(kinds.toSorted()).toEqual(['passphrase', 'recovery', 'recovery'])

  const again = await holdfast(['key', 'sheet', '-o', file], { env })
  expect(again.code).toBe(73)
  expect(await readFile(file, 'utf8')).toBe(html)
})
