import { describe, expect, it } from 'vitest'
import { storageCredentialsSchema } from '../../engine/contract/credentials.ts'
import { transferLimitsSchema } from '../../engine/contract/transferLimits.ts'
import { locationText, parseRepositoryUrl } from '../../engine/storage/locations.ts'
import { draftOfLimits, limitsOf } from '../../renderer/src/screens/destinations/limitsDraft.ts'
import {
  credentialsOf,
  type ElsewhereDraft,
  emptyElsewhere,
  questionOf,
  urlOf,
  withProvider,
} from '../../renderer/src/screens/elsewhere/draft.ts'
import { chosenDestinations, emptyDraft, forAnother, withoutAnother } from '../../renderer/src/screens/wizard/draft.ts'
import { destinationName } from '../../renderer/src/screens/wizard/naming.ts'

const draft = (over: Partial<ElsewhereDraft>): ElsewhereDraft => ({ ...emptyElsewhere, ...over })
/** As the helper reads it. */
const read = (over: Partial<ElsewhereDraft>) => parseRepositoryUrl(urlOf(draft(over))!)

describe('the forms of places elsewhere', () => {
  it('give URLs that the helper understands as they were meant', () => {
    expect(read({ bucket: ' mine ', prefix: '/a//b/' })).toEqual({ scheme: 'b2', bucket: 'mine', prefix: 'a/b' })
    const minio: Partial<ElsewhereDraft> = {
      ...{ kind: 's3', provider: 'minio', bucket: 'mine', endpoint: 'nas.example:9000', style: 'path' },
      ...{ region: 'eu', storageClass: 'STANDARD_IA', ca: '/etc/ssl/a b&c.pem' },
    }
    expect(read(minio)).toEqual({
      ...{ scheme: 's3', bucket: 'mine', prefix: '', endpoint: 'https://nas.example:9000', style: 'path' },
      ...{ region: 'eu', class: 'STANDARD_IA', ca: '/etc/ssl/a b&c.pem' },
    })
    const sftp = { kind: 'sftp', host: 'NAS.example', user: 'anna müller', path: '/srv/a b#c' } as const
    expect(read(sftp)).toEqual({
      scheme: 'sftp',
      host: 'nas.example',
      port: 22,
      user: 'anna müller',
      path: '/srv/a b#c',
    })
    expect(read({ ...sftp, port: '2222' })).toMatchObject({ port: 2222 })
    expect(read({ ...sftp, host: '2001:db8::1' })).toMatchObject({ host: '2001:db8::1' })
    expect(read({ ...sftp, user: '', path: 'backups' })).toEqual({
      ...{ scheme: 'sftp', host: 'nas.example', port: 22, path: 'backups' },
    })
    expect(read({ kind: 'rclone', remote: 'cloud:', path: 'a/b' })).toEqual({
      ...{ scheme: 'rclone', remote: 'cloud', path: 'a/b' },
    })
  })

  it('lock what is stored for as many days as the helper takes', () => {
    expect(read({ bucket: 'mine', lockDays: ' 30 ' })).toEqual({ scheme: 'b2', bucket: 'mine', prefix: '', lock: 30 })
    const governed = read({ kind: 's3', bucket: 'mine', lockDays: '1098', lockMode: 'governance' })
    expect(governed).toMatchObject({ lock: 1098, lockMode: 'governance' })
    expect(read({ bucket: 'mine', lockMode: 'governance' })).toEqual({ scheme: 'b2', bucket: 'mine', prefix: '' })
    for (const lockDays of ['0', '1099', '-1', 'x', '1.5'])
      expect(urlOf(draft({ bucket: 'mine', lockDays }))).toBeNull()
  })

  it('ask nothing before everything is there that is needed', () => {
    expect(questionOf(draft({ bucket: 'mine', keyId: 'id' }))).toBeNull()
    expect(questionOf(draft({ kind: 's3', provider: 'wasabi', bucket: 'mine', keyId: 'a', secretKey: 'b' }))).toBeNull()
    expect(questionOf(draft({ kind: 'sftp', host: 'nas' }))).toBeNull()
    expect(questionOf(draft({ kind: 'sftp', host: 'nas', path: '/a' }))).toEqual({ url: 'sftp://nas/a' })
    expect(questionOf(draft({ bucket: 'mine', keyId: ' id ', secretKey: 'key\n' }))).toEqual({
      url: 'b2:mine',
      credentials: { kind: 's3', keyId: 'id', secretKey: 'key' },
    })
  })

  it('never put a secret into a URL', () => {
    const secrets = { keyId: 'KEYID', secretKey: 'SECRET', password: 'SECRET', privateKey: 'SECRET', config: 'SECRET' }
    for (const kind of ['b2', 's3', 'sftp', 'rclone'] as const) {
      const url = urlOf(draft({ ...secrets, kind, bucket: 'mine', host: 'nas', path: '/a', remote: 'cloud' }))
      expect(url).not.toMatch(/SECRET|KEYID/)
    }
  })

  it('give credentials that the contract accepts, each of its kind', () => {
    const all = { keyId: 'id', secretKey: 'key', privateKey: 'PEM', keyPassphrase: 'x', password: 'y', config: '[a]' }
    const kinds = (['b2', 's3', 'sftp', 'rclone'] as const).map(kind => {
      return storageCredentialsSchema.parse(credentialsOf(draft({ ...all, kind }))).kind
    })
    expect(kinds).toEqual(['s3', 's3', 'ssh', 'rclone'])
    expect(credentialsOf(draft({ kind: 'sftp', keyPassphrase: 'x' }))).toBeUndefined()
  })

  it('fill in what is the same for everybody at a provider', () => {
    expect(withProvider(draft({ bucket: 'mine' }), 'google')).toMatchObject({
      ...{ bucket: 'mine', endpoint: 'https://storage.googleapis.com', region: 'auto' },
    })
    expect(withProvider(draft({ endpoint: 'https://x' }), 'aws')).toMatchObject({ endpoint: '', region: '' })
  })

  it('a new destination is called after its bucket or server', () => {
    const name = (url: string) => destinationName({ kind: 'elsewhere', url }, [], ['mine'])
    expect(name('b2:mine?endpoint=https://x')).toBe('mine 2')
    expect(name('sftp://anna@nas.example:2222/srv/backup')).toBe('nas.example')
    expect(name('sftp:anna@nas.example:backup')).toBe('nas.example')
    expect(locationText(parseRepositoryUrl('rclone:cloud:a'))).toBe('rclone:cloud:a')
    expect(name('rclone:cloud:a')).toBe('cloud:a')
  })
})

describe('limits as they are typed', () => {
  it('come back as they were', () => {
    const limits = transferLimitsSchema.parse({
      write: 2_000_000,
      hours: [{ from: '22:00', to: '06:00', write: null, read: 500_000 }],
    })
    expect(limitsOf(draftOfLimits(limits))).toEqual(limits)
    expect(limitsOf(draftOfLimits(undefined))).toBeNull()
  })

  it('are none while they cannot be right', () => {
    const empty = draftOfLimits(undefined)
    for (const write of ['x', '-1', '0', '1.0', '1e999']) expect(limitsOf({ ...empty, write }), write).toBeUndefined()
    expect(limitsOf({ ...empty, write: '1,5' })).toEqual({ write: 1500, read: null, hours: [] })
    const hours = [{ from: '08:00', to: '08:00', write: '100', read: '' }]
    expect(limitsOf({ ...empty, hours })).toBeUndefined()
  })
})

describe('several places of one backup', () => {
  const of = (id: string) => ({ id, name: id, freeBytes: null, isDrive: false })

  it('are chosen one after the other, each once', () => {
    const first = { ...emptyDraft, destination: of('a') }
    const second = { ...first, ...forAnother(first) }
    expect(second).toMatchObject({ destination: null, place: null, facts: null })
    expect(chosenDestinations({ ...second, destination: of('b') }).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(chosenDestinations({ ...second, destination: of('a') }).map(({ id }) => id)).toEqual(['a'])
  })

  it('and the last one counts again when no other is wanted', () => {
    const first = { ...emptyDraft, destination: of('a') }
    const back = { ...first, ...forAnother(first) }
    expect({ ...back, ...withoutAnother(back) }).toEqual(first)
  })
})
