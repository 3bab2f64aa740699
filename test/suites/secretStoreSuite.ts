import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../../engine/contract/errors.ts'
import {
  maxSecretBytes,
  type Protection,
  type SecretKind,
  type SecretStore,
  secretKinds,
  withSecret,
} from '../../engine/secrets/secretStore.ts'

export interface SecretStoreSubject {
  /** An empty store. */
  make(): Promise<SecretStore>
  protection: Protection
  /** Whether what was kept before `lock` is there after `unlock`. */
  outlastsLock: boolean
  /** Why it cannot be tried here. */
  missing?: string | undefined
}

const [a, b] = ['0123456789abcdef', 'fedcba9876543210'] as const

/** What every secret store does. */
export function describeSecretStore(name: string, subject: SecretStoreSubject): void {
  describe(name, () => {
    const check = (title: string, body: (store: SecretStore) => Promise<void>) =>
      test(title, async context => {
        if (subject.missing !== undefined) return context.skip(subject.missing)
        await body(await subject.make())
      })

    check('gives back what was put, for each destination and kind apart', async store => {
      const secrets = [a, b].flatMap(id => secretKinds.map(kind => ({ id, kind, secret: randomBytes(40) })))
      for (const { id, kind, secret } of secrets) await store.put(id, kind, secret)
      for (const { id, kind, secret } of secrets) expect(await store.get(id, kind)).toEqual(secret)
      expect(await store.list()).toEqual([b, a].reverse().flatMap(id => secretKinds.map(kind => ({ id, kind }))))
    })

    check('has nothing at first', async store => {
      expect(await store.get(a, 'passphrase')).toBeUndefined()
      expect(await store.protectionOf(a, 'passphrase')).toBeUndefined()
      expect(await store.list()).toEqual([])
      await store.forget(a)
    })

    check('keeps the last secret that was put', async store => {
      await store.put(a, 'passphrase', Buffer.from('a long one, which is replaced'))
      await store.put(a, 'passphrase', Buffer.from('short'))
      expect(String(await store.get(a, 'passphrase'))).toBe('short')
      expect(await store.list()).toHaveLength(1)
    })

    check('keeps the last of several that are put at the same time', async store => {
      const secrets = Array.from({ length: 10 }, (_, i) => Buffer.from(`secret ${i}`))
      await Promise.all(secrets.map(secret => store.put(a, 'passphrase', secret)))
      expect(String(await store.get(a, 'passphrase'))).toBe('secret 9')
    })

    check('takes any bytes from 1 byte to 64 KiB and refuses other sizes', async store => {
      for (const secret of [Buffer.from([0]), Buffer.from('\n\n'), Buffer.alloc(4096), randomBytes(maxSecretBytes)]) {
        await store.put(a, 'key-file', secret)
        expect((await store.get(a, 'key-file'))?.equals(secret)).toBe(true)
      }
      for (const secret of [Buffer.alloc(0), Buffer.alloc(maxSecretBytes + 1)]) {
        await expect(store.put(b, 'key-file', secret)).rejects.toMatchObject({ code: 'usage.invalid' })
      }
      expect(await store.list()).toEqual([{ id: a, kind: 'key-file' }])
    })

    check('lets the callers overwrite what they gave and what they got', async store => {
      const mine = Buffer.from('mine to overwrite')
      const putting = store.put(a, 'passphrase', mine)
      mine.fill(0)
      await putting
      const got = await store.get(a, 'passphrase')
      expect(String(got)).toBe('mine to overwrite')
      got?.fill(0)
      expect(String(await store.get(a, 'passphrase'))).toBe('mine to overwrite')
    })

    check('forgets one secret, or all of a destination, and nothing else', async store => {
      for (const id of [a, b]) for (const kind of secretKinds) await store.put(id, kind, Buffer.from(`${id} ${kind}`))
      await store.forget(a, 'passphrase')
      expect(await store.get(a, 'passphrase')).toBeUndefined()
      expect(String(await store.get(a, 'key-file'))).toBe(`${a} key-file`)
      await store.forget(a)
      expect(await store.list()).toEqual(secretKinds.map(kind => ({ id: b, kind })))
    })

    check('refuses ids and kinds that could lead elsewhere', async store => {
      for (const id of ['', '0123', '../../etc/passwd', `${a}/`, a.toUpperCase(), `${a}\n`]) {
        for (const call of [
          () => store.get(id, 'passphrase'),
          () => store.put(id, 'passphrase', Buffer.from('x')),
          () => store.forget(id),
          () => store.protectionOf(id, 'passphrase'),
        ]) {
          await expect(call()).rejects.toMatchObject({ code: 'usage.invalid' })
        }
      }
      await expect(store.get(a, '../x' as SecretKind)).rejects.toMatchObject({ code: 'usage.invalid' })
    })

    check('says truthfully how secrets are protected', async store => {
      expect(await store.protection()).toBe(subject.protection)
      await store.put(a, 'passphrase', Buffer.from('x'))
      expect(await store.protectionOf(a, 'passphrase')).toBe(subject.protection)
    })

    check('gives and takes nothing while it is locked, and says what to do', async store => {
      await store.put(a, 'passphrase', Buffer.from('kept'))
      store.lock()
      expect(store.isLocked).toBe(true)
      for (const call of [() => store.get(a, 'passphrase'), () => store.put(a, 'passphrase', Buffer.from('new'))]) {
        await expect(call()).rejects.toMatchObject({
          code: 'secrets.unavailable',
          advice: expect.stringMatching(/unlock/i),
        })
      }
      store.unlock()
      expect(store.isLocked).toBe(false)
      const after = await store.get(a, 'passphrase')
      expect(after?.toString()).toBe(subject.outlastsLock ? 'kept' : undefined)
      await store.put(a, 'passphrase', Buffer.from('new'))
      expect(String(await store.get(a, 'passphrase'))).toBe('new')
    })

    check('lists and forgets while it is locked', async store => {
      await store.put(a, 'passphrase', Buffer.from('kept'))
      store.lock()
      expect(await store.list()).toEqual(subject.outlastsLock ? [{ id: a, kind: 'passphrase' }] : [])
      await store.forget(a)
      store.unlock()
      expect(await store.get(a, 'passphrase')).toBeUndefined()
    })

    check('gives a secret to work and overwrites it after, also when the work fails', async store => {
      await store.put(a, 'passphrase', Buffer.from('for the work'))
      const seen: Buffer[] = []
      const use = (fail: boolean) => (secret: Buffer) => {
        seen.push(secret)
        expect(String(secret)).toBe('for the work')
        if (fail) throw new Error('the work failed')
        return 42
      }
      expect(await withSecret(store, a, 'passphrase', use(false))).toBe(42)
      await expect(withSecret(store, a, 'passphrase', use(true))).rejects.toThrow('the work failed')
      expect(seen.map(secret => secret.every(byte => byte === 0))).toEqual([true, true])
    })

    check('has a person asked when work needs a secret that is not kept', async store => {
      const error = await withSecret(store, a, 'email-password', () => 'done').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(HoldfastError)
      expect(error).toMatchObject({ code: 'secrets.unavailable', advice: 'Enter the e-mail password again.' })
    })
  })
}
