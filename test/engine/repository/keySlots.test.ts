import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import type { RepositoryId } from '../../../engine/contract/ids.ts'
import { encodeConfig, isBlockSize, macFits, parseConfig, withMac } from '../../../engine/repository/config.ts'
import { deriveKeyring } from '../../../engine/repository/keyring.ts'
import {
  createSlot,
  type KeySlot,
  keySlotSchema,
  openSlot,
  parseSlot,
  type Secret,
} from '../../../engine/repository/keySlots.ts'
import {
  looksLikePhrase,
  phraseFromSecret,
  phraseWords,
  secretFromPhrase,
  unknownWords,
} from '../../../engine/repository/recoveryPhrase.ts'
import { keyFile, useRepositories } from '../../support/tempRepository.ts'

const repositoryId = '00112233445566778899aabbccddeeff'
const masterKey = randomBytes(32)
const configKey = deriveKeyring(masterKey, repositoryId).config
const at = '2026-01-31T10:00:00.000Z'

const slotFor = (secret: Secret, label = '') => createSlot(repositoryId, masterKey, configKey, secret, label, at)
const parsed = (bytes: Uint8Array): KeySlot => parseSlot(bytes)!

describe('a key slot', () => {
  const repositories = useRepositories()

  it('opens a repository with its passphrase, and with its recovery phrase however it is typed', async () => {
    // Composed and decomposed, as different keyboards and systems give it.
    const passphrase = 'correct ho\u0308rse battery staple'
    const secret: Secret = { kind: 'passphrase', passphrase }
    const { storage, repository, recoveryPhrase } = await repositories.create({ secret })
    const words = recoveryPhrase.split(' ')
    expect(words).toHaveLength(24)
    const ways: Secret[] = [
      { kind: 'passphrase', passphrase: passphrase.normalize('NFC') },
      { kind: 'recovery', phrase: recoveryPhrase },
      { kind: 'recovery', phrase: `  ${words.join('\n \t').toUpperCase()}\r\n` },
    ]
    for (const way of ways) {
      expect((await repositories.open(storage, { secret: way })).masterKey).toEqual(repository.masterKey)
    }
    const wrong: Secret = { kind: 'passphrase', passphrase: `${passphrase} ` }
    await expect(repositories.open(storage, { secret: wrong })).rejects.toMatchObject({ code: 'repository.wrongKey' })
  })

  it('opens only with the secret that it was made for, and only in its repository', async () => {
    const { bytes } = slotFor(keyFile())
    expect(await openSlot(repositoryId, parsed(bytes), keyFile())).toEqual(masterKey)
    expect(await openSlot(repositoryId, parsed(bytes), keyFile(8))).toBeUndefined()
    expect(await openSlot(repositoryId.replace('0', '1'), parsed(bytes), keyFile())).toBeUndefined()
    // Bytes that happen to be the same are still another kind of secret.
    const phrase = phraseFromSecret(Buffer.alloc(32, 7))
    const content = Buffer.from(secretFromPhrase(phrase)!)
    const recovery = parsed(slotFor({ kind: 'recovery', phrase }).bytes)
    expect(await openSlot(repositoryId, recovery, { kind: 'keyfile', content })).toBeUndefined()
    const relabelled = { ...recovery, kind: 'keyfile' as const }
    expect(await openSlot(repositoryId, relabelled, { kind: 'keyfile', content })).toBeUndefined()
  })

  it('never opens to a wrong master key when any byte of it was altered', async () => {
    const { bytes } = slotFor(keyFile(), 'a label')
    for (let i = 0; i < bytes.length; i++) {
      for (const mask of [0x01, 0x02, 0xff]) {
        const bad = Buffer.from(bytes)
        bad[i]! ^= mask
        const slot = parseSlot(bad)
        if (!slot) continue
        const key = await openSlot(repositoryId, slot, keyFile())
        // What is not bound to the key (label, date) is at least authenticated.
        if (key) expect(key).toEqual(masterKey)
        expect(macFits(bad, configKey)).toBe(false)
      }
    }
    expect(macFits(bytes, configKey)).toBe(true)
  })

  it('refuses labels that would make it unreadable, and phrases that are none', () => {
    expect(parsed(slotFor(keyFile(), 'ä'.repeat(200)).bytes).label).toHaveLength(200)
    const unfit = [
      () => slotFor(keyFile(), 'x'.repeat(201)),
      () => slotFor({ kind: 'recovery', phrase: 'one two three' }),
      () => slotFor({ kind: 'passphrase', passphrase: '' }),
      () => slotFor({ kind: 'keyfile', content: Buffer.alloc(31) }),
    ]
    for (const make of unfit) expect(make).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  })

  it('is refused when its Argon2id cost is impossible or would exhaust the computer', () => {
    const slot = (cost: Record<string, number>) => ({
      ...parsed(slotFor(keyFile()).bytes),
      kind: 'passphrase',
      kdf: { name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 4, salt: '00'.repeat(16), ...cost },
    })
    expect(keySlotSchema.safeParse(slot({})).success).toBe(true)
    expect(keySlotSchema.safeParse(slot({ memoryKiB: 32 })).success).toBe(true)
    const bad = [
      { memoryKiB: 31 },
      { memoryKiB: 1024 * 1024 + 1 },
      { passes: 0 },
      { passes: 33 },
      { lanes: 0 },
      { lanes: 17 },
      { passes: 1.5 },
    ]
    for (const cost of bad) expect(keySlotSchema.safeParse(slot(cost)).success, JSON.stringify(cost)).toBe(false)
  })
})

describe('recovery phrases', () => {
  it('give back their secret, and nothing when a word was changed', () => {
    const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(secrets, secret => {
        expect(secretFromPhrase(phraseFromSecret(secret))).toEqual(secret)
      }),
      { numRuns: 50 },
    )
    const words = phraseFromSecret(Buffer.alloc(32, 5)).split(' ')
    expect(secretFromPhrase(words.slice(0, 23).join(' '))).toBeUndefined()
    expect(secretFromPhrase([...words, words[0]].join(' '))).toBeUndefined()
    // The checksum has 8 bits: of the 2048 words for one place, about 8 pass, and give other secrets.
    const passing = wordlist.map(word => secretFromPhrase([word, ...words.slice(1)].join(' '))).filter(Boolean)
    expect(passing.length).toBeLessThan(40)
    expect(passing.filter(secret => Buffer.from(secret!).equals(Buffer.alloc(32, 5)))).toHaveLength(1)
  })

  it('name the words that nobody knows by their position', () => {
    const words = phraseFromSecret(randomBytes(32)).split(' ')
    words[2] = 'zebrra'
    words[23] = 'x'
    expect(unknownWords(words.join('  ').toUpperCase())).toEqual([3, 24])
    expect(looksLikePhrase(words.join(' '))).toBe(true)
    expect(looksLikePhrase(words.slice(1).join(' '))).toBe(false)
    expect(looksLikePhrase('correct horse battery staple')).toBe(false)
    expect(phraseWords(' A  b\tC\n')).toEqual(['a', 'b', 'c'])
  })
})

describe('the config', () => {
  const config = { repositoryId: repositoryId as RepositoryId, blockSizeBytes: 65_536, createdAt: at }

  it('comes back as it was, and only as it was', () => {
    const bytes = encodeConfig(config, configKey)
    expect(parseConfig(bytes, 'memory:')).toEqual(config)
    expect(macFits(bytes, configKey)).toBe(true)
    expect(macFits(bytes, randomBytes(32))).toBe(false)
    // The same facts in another spelling are not what was written.
    expect(macFits(Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), null, 1)), configKey)).toBe(false)
    expect(macFits(Buffer.from('{}'), configKey)).toBe(false)
    expect(macFits(Buffer.from('null'), configKey)).toBe(false)
  })

  it('is refused with fields that make no sense, even under a good MAC', () => {
    const { mac: _, ...body } = JSON.parse(encodeConfig(config, configKey).toString())
    const bad = [
      { ...body, blockSizeBytes: 65_535 },
      { ...body, blockSizeBytes: 8192 },
      { ...body, repositoryId: 'x' },
      { ...body, version: 0 },
      { ...body, format: 'else' },
      { ...body, more: 1 },
    ]
    for (const fields of bad) expect(parseConfig(withMac(fields, configKey), 'memory:')).toBeUndefined()
    expect(() => parseConfig(withMac({ ...body, version: 2, more: 1 }, configKey), 'memory:')).toThrow(
      expect.objectContaining({ code: 'repository.formatTooNew' }),
    )
  })

  it('knows the nine block sizes', () => {
    const sizes = Array.from({ length: 30 }, (_, i) => 2 ** i).filter(isBlockSize)
    expect(sizes).toEqual([14, 15, 16, 17, 18, 19, 20, 21, 22].map(i => 2 ** i))
    expect([0, -65_536, 65_537, Number.NaN, Number.POSITIVE_INFINITY].filter(isBlockSize)).toEqual([])
  })
})
