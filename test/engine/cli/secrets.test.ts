import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import {
  readPassphraseFile,
  readSecretFile,
  requirePassphrase,
  secretFromText,
  secretSource,
  withoutLineBreak,
} from '../../../engine/cli/secrets.ts'
import { phraseFromSecret } from '../../../engine/repository/recoveryPhrase.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const phrase = phraseFromSecret(Buffer.alloc(32, 7))

const named = (path: string, option: string, stdin = Readable.from([])) => ({ path, named: option, stdin })

async function fileWith(content: string | Uint8Array): Promise<string> {
  const path = join(folder.path, 'secret')
  await writeFile(path, content)
  return path
}

describe('secretSource', () => {
  const env = { HOLDFAST_PASSPHRASE: 'x', HOLDFAST_PASSPHRASE_FILE: '/p', HOLDFAST_KEY_FILE: '' }

  test.each([
    ['options before the environment', { keyFile: '/k' }, env, { kind: 'key-file', path: '/k' }],
    ['files of the environment before its text', {}, env, { kind: 'passphrase-file', path: '/p' }],
    ['a key file in the environment', {}, { HOLDFAST_KEY_FILE: '/k' }, { kind: 'key-file', path: '/k' }],
    ['the text of the environment', {}, { HOLDFAST_PASSPHRASE: 'x' }, { kind: 'text', text: 'x' }],
    ['asking when there is nothing, or only nothing', {}, { HOLDFAST_PASSPHRASE: '' }, { kind: 'ask' }],
  ])('takes %s', (_what, options, env, expected) => {
    expect(secretSource(options, env)).toMatchObject(expected)
  })

  test('refuses to guess between a passphrase and a key of the same rank', () => {
    expect(() => secretSource({ passphraseFile: '/p', keyFile: '/k' }, {})).toThrow('--passphrase-file and --key-file')
    expect(() => secretSource({}, { HOLDFAST_PASSPHRASE_FILE: '/p', HOLDFAST_KEY_FILE: '/k' })).toThrow('HOLDFAST_')
  })
})

describe('readPassphraseFile', () => {
  test.each([
    ['open sesame\n', 'open sesame'],
    ['open sesame\r\n', 'open sesame'],
    ['open sesame\n\n', 'open sesame\n'],
    [' open sesame ', ' open sesame '],
    ['öffne dich\n', 'öffne dich'],
  ])('reads %j as %j', async (content, expected) => {
    expect(await readPassphraseFile(named(await fileWith(content), '--passphrase-file'))).toBe(expected)
  })

  test('refuses what is not UTF-8, so that nothing is guessed about it', async () => {
    const path = await fileWith(Uint8Array.of(0x66, 0xfc, 0x72))
    await expect(readPassphraseFile(named(path, '--passphrase-file'))).rejects.toMatchObject({ code: 'config.invalid' })
  })

  test('names the file and the option when it is not there', async () => {
    await expect(readPassphraseFile(named('/nowhere/pass', 'HOLDFAST_PASSPHRASE_FILE'))).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'The file /nowhere/pass (HOLDFAST_PASSPHRASE_FILE) does not exist.',
    })
  })
})

describe('readSecretFile', () => {
  test('gives all bytes of a key file as they are', async () => {
    const key = Buffer.from([...Array(64).keys(), 0x0a])
    expect((await readSecretFile(named(await fileWith(key), '--key-file'))).equals(key)).toBe(true)
  })

  test('takes standard input for “-”, in whatever pieces it comes', async () => {
    const stdin = Readable.from([Buffer.from('open '), Buffer.from('sesame\n')])
    expect(await readPassphraseFile(named('-', '--passphrase-file', stdin))).toBe('open sesame')
  })

  test('does not read a disk that was named by mistake', async () => {
    await expect(readSecretFile(named('/dev/zero', '--key-file'))).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('larger than 64 KiB'),
    })
  })

  test.skipIf(process.getuid?.() === 0)('says when this user may not read it', async () => {
    const path = await fileWith('x')
    await chmod(path, 0)
    await expect(readSecretFile(named(path, '--key-file'))).rejects.toThrow('may not be read')
  })

  test('says when a folder was named', async () => {
    await expect(readSecretFile(named(folder.path, '--key-file'))).rejects.toMatchObject({ code: 'config.invalid' })
  })
})

describe('secretFromText', () => {
  test('takes 24 words of the list for a recovery phrase, however they are written', async () => {
    const typed = ` ${phrase.toUpperCase().replaceAll(' ', '\n  ')}\n`
    expect(await secretFromText(typed)).toEqual({ kind: 'recovery', phrase })
  })

  test('takes everything else for a passphrase, unchanged', async () => {
    for (const text of ['open sesame', phrase.split(' ').slice(1).join(' '), ' x ']) {
      expect(await secretFromText(text)).toEqual({ kind: 'passphrase', passphrase: text })
    }
  })

  test('names the words of a phrase that are not in the list', async () => {
    const words = phrase.split(' ')
    words[2] = 'abandom'
    await expect(secretFromText(words.join(' '))).rejects.toMatchObject({
      code: 'repository.wrongKey',
      message: 'Word 3 of the recovery phrase is not in the word list.',
    })
    words[16] = 'zooo'
    await expect(secretFromText(words.join(' '))).rejects.toThrow('Words 3, 17 of the recovery phrase are not')
  })

  test('says when all words are possible but do not fit together', async () => {
    const words = phrase.split(' ')
    const [first, second] = [words.findIndex(word => word !== words[23]), 23]
    ;[words[first], words[second]] = [words[second]!, words[first]!]
    await expect(secretFromText(words.join(' '))).rejects.toThrow('checksum')
  })
})

describe('requirePassphrase', () => {
  test('refuses a passphrase that could never be typed in again as one', async () => {
    await expect(requirePassphrase(phrase)).rejects.toMatchObject({ code: 'usage.invalid' })
    await expect(requirePassphrase('')).rejects.toMatchObject({ code: 'usage.invalid' })
    await expect(requirePassphrase('open sesame')).resolves.toBe(undefined)
  })
})

describe('withoutLineBreak', () => {
  test('drops one line break at the end, and nothing else', () => {
    expect(['a\n', 'a\r\n', 'a\n\n', 'a', 'a\nb', ''].map(withoutLineBreak)).toEqual(['a', 'a', 'a\n', 'a', 'a\nb', ''])
  })
})
