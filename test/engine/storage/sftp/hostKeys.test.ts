import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  fingerprintOf,
  hostName,
  judge,
  knownHostLine,
  knownOf,
  parseKnownHosts,
  preferred,
} from '../../../../engine/storage/sftp/hostKeys.ts'

/** A key in its wire form: its type, and 32 bytes. */
function keyOf(value: number, type = 'ssh-ed25519'): Buffer {
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  return Buffer.concat([part(Buffer.from(type)), part(Buffer.alloc(32, value))])
}
const line = (names: string, value: number, type?: string) =>
  `${names} ${type ?? 'ssh-ed25519'} ${keyOf(value, type).toString('base64')}`
const hashed = (name: string) => {
  const salt = Buffer.alloc(20, 3)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
const known = (text: string, name: string) => knownOf(parseKnownHosts(text, '/kh'), name)

describe('files of known hosts', () => {
  it('name hosts as they are, with ports, by patterns and hashed', () => {
    const cases: [string, string, boolean][] = [
      ['nas.local', 'nas.local', true],
      ['NAS.local,10.0.0.1', 'nas.local', true],
      ['nas.local', 'nas.local.evil', false],
      ['nas.local', 'nasxlocal', false],
      ['*.local', 'nas.local', true],
      ['*.local,!nas.local', 'nas.local', false],
      ['na?.local', 'nas.local', true],
      ['nas.local', '[nas.local]:2222', false],
      ['[nas.local]:2222', '[nas.local]:2222', true],
      [hashed('nas.local'), 'nas.local', true],
      [hashed('[nas.local]:2222'), '[nas.local]:2222', true],
      [hashed('other'), 'nas.local', false],
      ['|1||', 'nas.local', false],
    ]
    for (const [names, name, is] of cases) {
      expect([names, known(line(names, 1), name).length]).toEqual([names, is ? 1 : 0])
    }
    expect(hostName('NAS.local', 22)).toBe('nas.local')
    expect(hostName('::1', 2222)).toBe('[::1]:2222')
  })

  it('are read without what cannot be understood', () => {
    const text = [
      '# a comment',
      '',
      'nas ssh-ed25519',
      'nas ssh-ed25519 AAAA',
      `nas ssh-rsa ${keyOf(1).toString('base64')}`,
      `@cert-authority ${line('nas', 2)}`,
      `  ${line('nas', 3)} comment of mine`,
      `@revoked ${line('*', 4)}`,
    ].join('\n')
    const found = parseKnownHosts(text, '/kh')
    expect(found.map(({ line, marker }) => [line, marker])).toEqual([
      [7, undefined],
      [8, 'revoked'],
    ])
    expect(found[0]).toMatchObject({ names: 'nas', file: '/kh', key: keyOf(3) })
  })

  it('can be written', () => {
    expect(known(knownHostLine('[nas]:2222', keyOf(5)), '[nas]:2222')).toMatchObject([
      { key: keyOf(5), type: 'ssh-ed25519' },
    ])
  })
})

describe('the key of a host', () => {
  it('is known, unknown, changed or revoked', () => {
    const text = [line('nas', 1), line('nas', 2), line('other', 3), `@revoked ${line('*', 9)}`].join('\n')
    const of = (name: string, value: number) => judge(known(text, name), keyOf(value)).kind
    expect(of('nas', 1)).toBe('known')
    expect(of('nas', 2)).toBe('known')
    expect(of('nas', 3)).toBe('changed')
    expect(of('new', 1)).toBe('unknown')
    expect(of('nas', 9)).toBe('revoked')
    expect(of('new', 9)).toBe('revoked')
    expect(judge(known(`${line('nas', 1)}\n@revoked ${line('nas', 1)}`, 'nas'), keyOf(1)).kind).toBe('revoked')
  })

  it('of another type than those that are known is a changed one, and so is not asked for first', () => {
    const entries = known(line('nas', 1, 'ssh-rsa'), 'nas')
    expect(judge(entries, keyOf(1)).kind).toBe('changed')
    expect(preferred(['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'], entries)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ])
    expect(preferred(['ssh-ed25519', 'rsa-sha2-512'], [])).toEqual(['ssh-ed25519', 'rsa-sha2-512'])
  })

  it('has the fingerprint that ssh-keygen shows', () => {
    // ssh-keygen -l says this of the key of github.com that is in its documentation.
    const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64')
    expect(fingerprintOf(key)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU')
  })
})
