import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SealError, SystemdCreds } from '../../../engine/secrets/systemdCreds.ts'
import { type FakeMode, fakeSystemdCreds } from '../../support/fakeSystemdCreds.ts'
import { noSystemdCreds, realSystemdCreds } from '../../support/realSystemdCreds.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const secret = Buffer.from('correct horse battery staple')
const binary = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 31 + (i >> 8)) & 255))

async function sealError(work: Promise<unknown>): Promise<SealError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SealError)
  return error as SealError
}

describe('with a stand-in for systemd-creds', () => {
  const sealerIn = (mode: FakeMode) => {
    const fake = fakeSystemdCreds(folder.path, mode)
    return { fake, sealer: new SystemdCreds({ program: fake.path, timeoutMs: 10_000 }) }
  }

  test('what is sealed opens again under its name', async () => {
    const { sealer } = sealerIn('works')
    const sealed = await sealer.seal('a', secret)
    expect(sealed.includes(secret)).toBe(false)
    expect(await sealer.unseal('a', sealed)).toEqual(secret)
  })

  test('the security chip is used where there is one, and bound to no state of the boot', async () => {
    const { fake, sealer } = sealerIn('tpm')
    expect(await sealer.key()).toBe('host+tpm2')
    await sealer.seal('a', secret)
    expect(fake.calls().at(-1)).toMatch(/^encrypt --with-key=host\+tpm2 --tpm2-pcrs=16 --name=a - - /)
  })

  test('the host key is used when the chip does not work, and never a key that the program chooses', async () => {
    const { fake, sealer } = sealerIn('tpm-broken')
    expect(await sealer.key()).toBe('host')
    await sealer.seal('a', secret)
    const encryptions = fake.calls().filter(call => call.startsWith('encrypt'))
    expect(encryptions.filter(call => !/--with-key=host(\+tpm2)? /.test(call))).toEqual([])
    expect(encryptions.at(-1)).toMatch(/^encrypt --with-key=host --name=a - - /)
  })

  test('it is tried out once', async () => {
    const { fake, sealer } = sealerIn('works')
    await Promise.all([sealer.key(), sealer.key(), sealer.seal('a', secret)])
    expect(
      fake
        .calls()
        .filter(call => call.includes('holdfast-self-test '))
        .map(call => call.split(' ')[0]),
    ).toEqual(['encrypt', 'decrypt'])
  })

  test.each([
    ['is too old', 'old'],
    ['fails', 'fails'],
    ['does not encrypt', 'readable'],
    ['opens what has another name', 'nameless'],
    ['does not give back what it was given', 'wrong'],
  ] as const)('it is not used when it %s', async (_, mode) => {
    const { sealer } = sealerIn(mode)
    expect(await sealer.key()).toBeUndefined()
    expect((await sealError(sealer.seal('a', secret))).message).toBe('systemd-creds does not work on this computer')
  })

  test('it is not used when it is not there', async () => {
    const sealer = new SystemdCreds({ program: join(folder.path, 'nothing') })
    expect(await sealer.key()).toBeUndefined()
    expect((await sealError(sealer.unseal('a', secret))).message).toBe('the program systemd-creds is not there')
  })

  test('a program that hangs is ended, and the error can be retried', async () => {
    const { fake, sealer } = sealerIn('works')
    const sealed = await sealer.seal('a', secret)
    fake.behave('hangs')
    const impatient = new SystemdCreds({ program: fake.path, timeoutMs: 100 })
    expect(await sealError(impatient.unseal('a', sealed))).toMatchObject({
      message: 'systemd-creds did not end within 100 ms',
      retryable: true,
    })
  })

  test('what the program says is not repeated', async () => {
    const { fake, sealer } = sealerIn('works')
    await sealer.key()
    fake.behave('talkative')
    const error = await sealError(sealer.seal('a', secret))
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('horse')
    expect(error.message).toBe('systemd-creds failed with exit code 1')
    expect(error.cause).toBeUndefined()
  })

  test('no secret is in its arguments or environment', async () => {
    process.env.HOLDFAST_PASSPHRASE = secret.toString()
    try {
      const { fake, sealer } = sealerIn('works')
      await sealer.unseal('a', await sealer.seal('a', secret))
      expect(fake.calls().length).toBeGreaterThan(5)
      expect(fake.calls().join('\n')).not.toContain('horse')
    } finally {
      delete process.env.HOLDFAST_PASSPHRASE
    }
  })
})

describe('with the systemd-creds of this machine', () => {
  const sealer = (key = 'host-key') => new SystemdCreds(realSystemdCreds(join(folder.path, key)))

  test('secrets of any bytes and sizes open again', async context => {
    if (noSystemdCreds) return context.skip(noSystemdCreds)
    const real = sealer()
    expect(await real.key()).toMatch(/^host(\+tpm2)?$/)
    for (const bytes of [secret, binary, Buffer.from([0]), Buffer.from('with a line break at the end\n')]) {
      const sealed = await real.seal('holdfast-0123456789abcdef-passphrase', bytes)
      expect(sealed.length).toBeLessThan(256 * 1024)
      expect((await real.unseal('holdfast-0123456789abcdef-passphrase', sealed)).equals(bytes)).toBe(true)
    }
  })

  test('another name, another computer, a lost key and damage are told apart', async context => {
    if (noSystemdCreds) return context.skip(noSystemdCreds)
    const real = sealer()
    const sealed = await real.seal('one', secret)
    expect((await sealError(real.unseal('two', sealed))).message).toBe('it belongs to something else')

    const elsewhere = 'it was encrypted on another computer or by another installation of the system'
    const other = sealer('other-key')
    await other.key()
    expect((await sealError(other.unseal('one', sealed))).message).toBe(elsewhere)

    await rename(join(folder.path, 'host-key'), join(folder.path, 'moved'))
    expect((await sealError(real.unseal('one', sealed))).message).toBe(elsewhere)
    await rename(join(folder.path, 'moved'), join(folder.path, 'host-key'))

    const text = sealed.toString()
    const damaged = Buffer.from(`${text.slice(0, 70)}${text[70] === 'A' ? 'B' : 'A'}${text.slice(71)}`)
    expect((await sealError(real.unseal('one', damaged))).message).toMatch(/^(it was encrypted|systemd-creds failed)/)
    expect(await real.unseal('one', sealed)).toEqual(secret)
  })

  test('it is not used when its key cannot be made', async context => {
    if (noSystemdCreds) return context.skip(noSystemdCreds)
    await writeFile(join(folder.path, 'file'), '')
    expect(await sealer('file/host-key').key()).toBeUndefined()
  })
})
