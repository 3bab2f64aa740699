import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { StatsResult } from '../../../engine/contract/models.ts'
import type { Engine, Session } from '../../../engine/engineApi.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const repositoryId = '0'.repeat(32)
const phrase = Array.from({ length: 24 }, (_, index) => `word${'abcdefghijklmnopqrstuvwx'[index]}`).join(' ')

/** A repository that makes phrases and remembers its keys. */
function fakeSession(overrides: Partial<Session> = {}) {
  const keys: string[] = []
  const session: Partial<Session> = {
    stats: async () => ({ repositoryId, createdAt: '2026-03-01T10:00:00.000Z' }) as StatsResult,
    async addRecoveryPhrase() {
      keys.push('4f2a9c01')
      const key = { id: '4f2a9c01', kind: 'recovery', label: '', createdAt: '2026-03-02T10:00:00.000Z' } as const
      return { key, recoveryPhrase: phrase }
    },
    async removeKey(id) {
      keys.splice(keys.indexOf(id), 1)
    },
    ...overrides,
  }
  return { session, keys }
}

const page = () => join(folder.path, 'sheet.html')
const wordsIn = (html: string) =>
  [...html.matchAll(/<li><span>\d+<\/span><bdi>([a-z]+)<\/bdi>/g)].map(([, word]) => word).join(' ')

test('the sheet has no phrase unless a new one is asked for, and says so', async () => {
  const { session, keys } = fakeSession()
  const { code, stdout, stderr } = await runInProcess(['key', 'sheet', '-o', page(), '--json'], { session })
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toEqual({ file: page(), repositoryId, withPhrase: false })
  const html = await readFile(page(), 'utf8')
  expect(html).toContain('the recovery phrase is not on it')
  expect(html).toContain('2026-03-01')
  expect(html).toContain('<bdi>/repository</bdi>')
  expect([wordsIn(html), keys]).toEqual(['', []])
})

test('the file is named by the repository and lies in the working folder unless another is given', async () => {
  const before = process.cwd()
  process.chdir(folder.path)
  try {
    expect((await runInProcess(['key', 'sheet'], fakeSession())).code).toBe(0)
    expect(await readdir(folder.path)).toEqual(['holdfast-recovery-00000000.html'])
  } finally {
    process.chdir(before)
  }
})

test('a new phrase is on the sheet, which only its owner can read, and nowhere else', async () => {
  const { session, keys } = fakeSession()
  const { code, stdout, stderr } = await runInProcess(['key', 'sheet', '--new-phrase', '-o', page()], { session })
  expect([code, keys]).toEqual([0, ['4f2a9c01']])
  expect(wordsIn(await readFile(page(), 'utf8'))).toBe(phrase)
  expect((await stat(page())).mode & 0o777).toBe(0o600)
  expect(stdout + stderr).not.toContain('worda')
  expect(stderr).toContain('Print it')
})

test('the words are a QR code only when that is asked for', async () => {
  const { session } = fakeSession()
  await runInProcess(['key', 'sheet', '--new-phrase', '-o', `${page()}.1`], { session })
  await runInProcess(['key', 'sheet', '--new-phrase', '--qr', '-o', `${page()}.2`], { session })
  expect(await readFile(`${page()}.1`, 'utf8')).not.toContain('QR code of the 24 words')
  expect(await readFile(`${page()}.2`, 'utf8')).toContain('QR code of the 24 words')
})

test('a QR code of no phrase is refused before the repository is opened', async () => {
  const { code, stderr, opened } = await runInProcess(['key', 'sheet', '--qr', '-o', page()], fakeSession())
  expect([code, opened]).toEqual([64, []])
  expect(stderr).toContain('--new-phrase')
})

test('a file that is there stays as it is, and no key is made', async () => {
  await writeFile(page(), 'mine')
  const { session, keys } = fakeSession()
  const { code, closed } = await runInProcess(['key', 'sheet', '--new-phrase', '-o', page()], { session })
  expect([code, closed, keys]).toEqual([73, 1, []])
  expect(await readFile(page(), 'utf8')).toBe('mine')
})

test('a folder that is not there is said, and no key is made', async () => {
  const { session, keys } = fakeSession()
  const path = join(folder.path, 'missing/sheet.html')
  const { code, stderr } = await runInProcess(['key', 'sheet', '--new-phrase', '-o', path], { session })
  expect([code, keys]).toEqual([66, []])
  expect(stderr).toContain(path)
})

test('no file is left when no phrase can be made, and no phrase when the page cannot be', async () => {
  const failing = fakeSession({
    async addRecoveryPhrase() {
      throw new HoldfastError('storage.full', 'The drive is full.')
    },
  })
  expect((await runInProcess(['key', 'sheet', '--new-phrase', '-o', page()], failing)).code).toBe(74)
  const { session, keys } = fakeSession()
  const short: Partial<Session> = {
    ...session,
    addRecoveryPhrase: async () => ({ ...(await session.addRecoveryPhrase!()), recoveryPhrase: 'too short' }),
  }
  expect((await runInProcess(['key', 'sheet', '--new-phrase', '-o', page()], { session: short })).code).toBe(64)
  expect([keys, await readdir(folder.path)]).toEqual([[], []])
})

test('there is no sheet of a repository that does not open', async () => {
  const engine: Partial<Engine> = {
    async open(url) {
      throw new HoldfastError('repository.wrongKey', `This key does not open ${url}.`)
    },
  }
  expect((await runInProcess(['key', 'sheet', '-o', page()], { engine })).code).toBe(77)
  expect(await readdir(folder.path)).toEqual([])
})

test('its help shows examples, in lines that fit', async () => {
  const { code, stdout } = await runInProcess(['key', 'sheet', '--help'])
  expect([code, stdout.startsWith('Usage: holdfast key sheet')]).toEqual([0, true])
  expect(stdout).toContain('\nExamples:\n  $ holdfast key sheet')
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})
