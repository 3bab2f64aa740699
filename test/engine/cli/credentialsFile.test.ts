import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { credentialsSource, readCredentialsFile } from '../../../engine/cli/credentialsFile.ts'
import { parseCredentials } from '../../../engine/cli/credentialsText.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const keys = { kind: 's3', keyId: 'K1', secretKey: 'secret=/+' }

async function fileWith(text: string, mode = 0o600): Promise<string> {
  const path = join(folder.path, 'credentials')
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}
const read = (path: string) => readCredentialsFile({ path, named: '--credentials-file', stdin: Readable.from([]) })

describe('parseCredentials', () => {
  test.each([
    ['lines', 'KEY_ID=K1\nSECRET_KEY=secret=/+\n', keys],
    ['lines as AWS has them', '[default]\naws_access_key_id = K1\r\naws_secret_access_key = secret=/+\n', keys],
    ['lines of a shell', 'export B2_APPLICATION_KEY_ID="K1"\n# the key\nexport B2_APPLICATION_KEY=\'secret=/+\'', keys],
    ['JSON of the contract', JSON.stringify(keys), keys],
    ['a session', 'key_id=K1\nsecret_key=secret=/+\nsession_token=T', { ...keys, sessionToken: 'T' }],
    ['a password', 'PASSWORD=open', { kind: 'ssh', password: 'open' }],
  ])('understands %s', (_what, text, expected) => {
    expect(parseCredentials(text)).toEqual(expected)
  })

  test.each([
    ['nothing', ' \n', 'is empty'],
    ['a missing key', 'KEY_ID=hush', 'secretKey is missing'],
    ['two accounts', 'KEY_ID=hush\nKEY_ID=hush', 'twice what line 2'],
    ['an unknown name', 'KEY_ID=hush\nCOLOUR=hush', 'line 2'],
    ['a line of something else', 'hush', 'line 1'],
    ['half a JSON text', '{"kind":"s3","keyId":"hush"', 'is not JSON'],
    ['JSON of no kind', '{"keyId":"hush"}', 'kind'],
  ])('refuses %s and quotes nothing of it', (_what, text, complaint) => {
    const outcome = parseCredentials(text)
    expect(outcome).toContain(complaint)
    expect(outcome).not.toContain('hush')
  })
})

describe('readCredentialsFile', () => {
  test('reads a file that is its owner’s alone', async () => {
    expect(await read(await fileWith('KEY_ID=K1\nSECRET_KEY=secret=/+'))).toEqual(keys)
  })

  test.each([0o640, 0o604, 0o620, 0o666])('refuses a file with permissions %o', async mode => {
    const path = await fileWith(JSON.stringify(keys), mode)
    await expect(read(path)).rejects.toMatchObject({
      code: 'config.invalid',
      advice: expect.stringContaining(`chmod 600 ${path}`),
    })
  })

  test('says what is wrong with a file without showing what is in it', async () => {
    const error = await read(await fileWith('KEY_ID=hush')).catch(error => error)
    expect(error).toMatchObject({ code: 'config.invalid' })
    expect(JSON.stringify(error.toWire())).not.toContain('hush')
  })
})

describe('command line', () => {
  const opened: unknown[] = []
  const engine = {
    async open(_url: string, _secret: unknown, options: unknown): Promise<never> {
      opened.push(options)
      throw new Error('seen enough')
    },
  }

  test.each(['option', 'environment'])('hands the engine the credentials of the file named by the %s', async way => {
    opened.length = 0
    const path = await fileWith(JSON.stringify(keys))
    const argv = way === 'option' ? ['versions', '--credentials-file', path] : ['versions']
    await runInProcess(argv, { engine, env: way === 'option' ? {} : { HOLDFAST_CREDENTIALS_FILE: path } })
    expect(opened).toEqual([expect.objectContaining({ credentials: keys })])
  })

  test('prefers the option to the environment', () => {
    expect(credentialsSource('/a', { HOLDFAST_CREDENTIALS_FILE: '/b' })).toMatchObject({ path: '/a' })
    expect(credentialsSource(undefined, {})).toBeUndefined()
  })
})
