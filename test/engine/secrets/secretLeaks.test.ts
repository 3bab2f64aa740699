import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { createRedactor } from '../../../engine/secrets/redactSecrets.ts'
import { SecretFiles } from '../../../engine/secrets/secretFiles.ts'
import type { SecretStore } from '../../../engine/secrets/secretStore.ts'
import { SystemdCreds } from '../../../engine/secrets/systemdCreds.ts'
import { type FakeMode, fakeSystemdCreds } from '../../support/fakeSystemdCreds.ts'
import { faultyFolder } from '../../support/faultyFolder.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const id = '0123456789abcdef'
const kind = 'passphrase'

/** Everything that a person or a log could be shown of an error. */
function shown(error: unknown): string {
  const all = [inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error), String(error)]
  if (error instanceof Error) all.push(String(error.stack), inspect(error.cause))
  if (error instanceof HoldfastError) all.push(JSON.stringify(error.toWire()), String(error.advice))
  return all.join('\n')
}

/** The most talkative error there could be: it names the secret in every field. */
function hostileError(secret: Buffer, code: string): Error {
  const text = secret.toString('latin1')
  return Object.assign(new Error(`${code}: wrote “${text}” ${secret.toString('base64')}`), {
    code,
    path: text,
    dest: secret,
    cause: text,
  })
}

/** Fails when the text has any of the secrets in it, in any writing that the redactor knows. */
function expectNothingIn(text: string, secrets: readonly Buffer[]): void {
  expect(createRedactor(secrets)(text)).toBe(text)
}

const operations: Record<string, (store: SecretStore, secret: Buffer) => Promise<unknown>> = {
  put: (store, secret) => store.put(id, kind, secret),
  get: store => store.get(id, kind),
  forget: store => store.forget(id),
  list: store => store.list(),
  protectionOf: store => store.protectionOf(id, kind),
}

const errnos = fc.constantFrom('EIO', 'ENOSPC', 'EACCES', 'EROFS', 'ELOOP', 'not an errno')
const secrets = fc.uint8Array({ minLength: 12, maxLength: 100 }).map(bytes => Buffer.from(bytes))

describe('no secret comes to light', () => {
  test('whichever call of the file system fails, before or after it did its work', async () => {
    const hit = new Set<string>()
    const when = fc.constantFrom('before' as const, 'after' as const)
    const texts = fc.tuple(fc.constantFrom(...Object.keys(operations)), secrets, errnos, when)
    await fc.assert(
      fc.asyncProperty(texts, async ([operation, secret, errno, moment]) => {
        const [old, path] = [randomBytes(20), join(folder.path, randomBytes(6).toString('hex'))]
        await new SecretFiles(path, { sealer: null }).put(id, kind, old)
        for (let n = 0; ; n++) {
          const log: string[] = []
          const faulty = faultyFolder()
          const logger = createLogger({ level: 'debug', write: line => void log.push(line) })
          const store = new SecretFiles(path, { sealer: null, calls: faulty.calls, logger })
          faulty.failAt(n, moment, hostileError(n % 2 === 0 ? secret : old, errno))
          const error = await operations[operation]!(store, secret).then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          expectNothingIn(`${shown(error)}\n${log.join('')}`, [secret, old])
          const failedAt = faulty.failed()
          if (failedAt === undefined) break
          hit.add(`${operation} ${failedAt}`)
          if (error !== undefined) expect(error).toBeInstanceOf(HoldfastError)

          const found = await new SecretFiles(path, { sealer: null }).get(id, kind)
          const possible = operation === 'put' ? [old, secret] : operation === 'forget' ? [old, undefined] : [old]
          expect(
            possible.some(bytes => (bytes && found ? bytes.equals(found) : bytes === found)),
            failedAt,
          ).toBe(true)
          expect((await readdir(path)).filter(name => name.endsWith('.new'))).toEqual([])
          await new SecretFiles(path, { sealer: null }).put(id, kind, old)
        }
      }),
      { numRuns: 60 },
    )
    for (const call of ['lstat', 'readdir', 'createSynced', 'rename', 'syncFolder'])
      expect(hit).toContain(`put ${call}`)
    for (const call of ['open', 'file.stat', 'file.read']) expect(hit).toContain(`get ${call}`)
    expect(hit).toContain('forget unlink')
  })

  test('when systemd-creds fails and repeats all that it was given, or cannot be used', async () => {
    const fake = fakeSystemdCreds(folder.path)
    const modes: FakeMode[] = ['fails', 'talkative', 'wrong', 'old']
    await fc.assert(
      fc.asyncProperty(secrets, fc.constantFrom(...modes), fc.boolean(), async (secret, mode, early) => {
        const [old, path] = [randomBytes(20), join(folder.path, randomBytes(6).toString('hex'))]
        const log: string[] = []
        const logger = createLogger({ level: 'debug', write: line => void log.push(line) })
        const makeStore = () => new SecretFiles(path, { sealer: new SystemdCreds({ program: fake.path }), logger })
        fake.behave('works')
        const first = makeStore()
        await first.put(id, kind, old)
        fake.behave(mode)
        // A new store finds out at its first use that encrypting does not work; the first one only now.
        const store = early ? first : makeStore()
        for (const [name, operation] of Object.entries(operations)) {
          const outcome = await operation(store, secret).then(
            value => ({ value }),
            (error: unknown) => ({ error }),
          )
          const isResultOfGet = name === 'get' && 'value' in outcome
          expectNothingIn(isResultOfGet ? '' : shown('error' in outcome ? outcome.error : outcome.value), [secret, old])
        }
        expectNothingIn(log.join(''), [secret, old])
        expect(log.length).toBeGreaterThan(1)
        expectNothingIn(fake.calls().join('\n'), [secret, old])
      }),
      { numRuns: 12 },
    )
  })

  test('this very check sees a secret that does come to light', () => {
    const secret = randomBytes(24)
    for (const text of [shown(hostileError(secret, 'EIO')), shown(new Error('x', { cause: secret }))]) {
      expect(() => expectNothingIn(text, [secret])).toThrow()
    }
  })
})
