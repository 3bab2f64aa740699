import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { folderOf, locationText, parseRepositoryUrl } from '../../../engine/storage/locations.ts'

const invalid = expect.objectContaining({ code: 'usage.invalid' })

describe('places in buckets', () => {
  it.each([
    ['s3:my-bucket', { scheme: 's3', bucket: 'my-bucket', prefix: '' }],
    ['s3://my-bucket/some/where/', { scheme: 's3', bucket: 'my-bucket', prefix: 'some/where' }],
    ['S3:b.c?region=eu-west-1', { scheme: 's3', bucket: 'b.c', prefix: '', region: 'eu-west-1' }],
    [
      's3:https://s3.example.org/bucket/p',
      { scheme: 's3', bucket: 'bucket', prefix: 'p', endpoint: 'https://s3.example.org' },
    ],
    [
      's3:http://127.0.0.1:9000/bucket?style=path&class=STANDARD_IA&ca=/etc/my%20ca.pem',
      {
        scheme: 's3',
        bucket: 'bucket',
        prefix: '',
        endpoint: 'http://127.0.0.1:9000',
        style: 'path',
        class: 'STANDARD_IA',
        ca: '/etc/my ca.pem',
      },
    ],
    ['b2:my-bucket/laptop', { scheme: 'b2', bucket: 'my-bucket', prefix: 'laptop' }],
    [
      'b2:my-bucket?endpoint=http://127.0.0.1:1',
      { scheme: 'b2', bucket: 'my-bucket', prefix: '', endpoint: 'http://127.0.0.1:1' },
    ],
    ['s3:bucket?lock=30', { scheme: 's3', bucket: 'bucket', prefix: '', lock: 30 }],
    ['s3:bucket?lock-mode=compliance&lock=7', { scheme: 's3', bucket: 'bucket', prefix: '', lock: 7 }],
    [
      'b2:bucket/p?lock=30&lock-mode=governance',
      { scheme: 'b2', bucket: 'bucket', prefix: 'p', lock: 30, lockMode: 'governance' },
    ],
    ['s3:bucket?at=2026-06-01', { scheme: 's3', bucket: 'bucket', prefix: '', at: '2026-06-01T00:00:00.000Z' }],
    ['s3:bucket?at=2026-06-01T12:30Z', { scheme: 's3', bucket: 'bucket', prefix: '', at: '2026-06-01T12:30:00.000Z' }],
  ])('%s', (text, location) => {
    expect(parseRepositoryUrl(text)).toEqual(location)
    expect(parseRepositoryUrl(locationText(parseRepositoryUrl(text)))).toEqual(location)
    expect(folderOf(text)).toBeUndefined()
  })

  it.each([
    's3:',
    's3:/prefix',
    's3:ab cd',
    's3:-bucket',
    's3:bucket/../other',
    's3:bucket/ä',
    's3:bucket?region=',
    's3:bucket?region=a&region=b',
    's3:bucket?secret=abc',
    's3:https://host/bucket?endpoint=https://other',
    's3:https://',
    's3:ftp://host/bucket',
    'b2:bucket?style=other',
    's3:bucket?lock=0',
    's3:bucket?lock=1e9',
    's3:bucket?lock=-1',
    's3:bucket?lock=9999',
    's3:bucket?lock=30&lock-mode=strict',
    's3:bucket?lock-mode=governance',
    's3:bucket?at=yesterday',
    's3:bucket?at=2026-13-01',
    's3:bucket?at=2026-06-01T12:00:00',
    'b2:bucket?endpoint=https://host/path',
  ])('refuses %s', text => expect(() => parseRepositoryUrl(text)).toThrow(invalid))

  it('never repeats what may be a secret', () => {
    for (const text of [
      's3:bucket?secretKey=hush-hush',
      's3:https://me:hush-hush@host/bucket',
      's3:https://me:hush-hush@host/b',
      's3:https://me:hush-hush@host/bucket/ä',
      's3:https://me:hush-hush@host/bucket?region=',
      's3:https://me:ab/hush-hush@host/bucket',
      's3:bucket?endpoint=https://me:hush-hush@host&region=a&region=b',
      'b2:bucket?endpoint=https%3A%2F%2Fme%3Ahush-hush%40host',
      'sftp://me:hush-hush@host/p',
      'sftp://me:hush-hush@host/p?nothing=x',
      'sftp://me:ab/hush-hush@host/p',
      'sftp:me:hush-hush@host:p',
    ]) {
      const error = (() => {
        try {
          return parseRepositoryUrl(text)
        } catch (error) {
          return error
        }
      })()
      expect(error).toEqual(invalid)
      expect(JSON.stringify([(error as Error).message, error])).not.toContain('hush-hush')
    }
  })
})

describe('places on other machines', () => {
  it.each([
    ['sftp://anna@host/srv/backup', { scheme: 'sftp', user: 'anna', host: 'host', port: 22, path: '/srv/backup' }],
    ['sftp://Host:2222/a%20b/', { scheme: 'sftp', host: 'host', port: 2222, path: '/a b' }],
    ['sftp:anna@host:backup/x', { scheme: 'sftp', user: 'anna', host: 'host', port: 22, path: 'backup/x' }],
    ['sftp:host:/abs', { scheme: 'sftp', host: 'host', port: 22, path: '/abs' }],
    [
      'sftp://[fe80::1]/x?identity=/root/.ssh/id',
      { scheme: 'sftp', host: 'fe80::1', port: 22, path: '/x', identity: '/root/.ssh/id' },
    ],
    ['rclone:drive:backup/x', { scheme: 'rclone', remote: 'drive', path: 'backup/x' }],
    ['rclone:drive,shared=true:', { scheme: 'rclone', remote: 'drive,shared=true', path: '' }],
  ])('%s', (text, location) => {
    expect(parseRepositoryUrl(text)).toEqual(location)
    expect(parseRepositoryUrl(locationText(parseRepositoryUrl(text)))).toEqual(location)
    expect(folderOf(text)).toBeUndefined()
  })

  it.each([
    'sftp:',
    'sftp:host',
    'sftp://host',
    'sftp://@host/x',
    'sftp://host:0/x',
    'sftp://host:99999/x',
    'sftp://me:secret@host/x',
    'sftp://host/%zz',
    'rclone:',
    'rclone:remote',
    'rclone:-x:path',
    'rclone:/etc:x',
  ])('refuses %s', text => expect(() => parseRepositoryUrl(text)).toThrow(invalid))

  it('throws nothing but usage.invalid, whatever it is given', () => {
    const start = fc.constantFrom('s3:', 'b2:', 'sftp:', 'sftp://', 'rclone:', 'file:', '')
    fc.assert(
      fc.property(start, fc.string(), (scheme, rest) => {
        try {
          const location = parseRepositoryUrl(scheme + rest)
          expect(locationText(location)).toBe(locationText(parseRepositoryUrl(locationText(location))))
        } catch (error) {
          expect(error).toEqual(invalid)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

it('writes a folder as an absolute path', () => {
  expect(locationText(parseRepositoryUrl('some/where'))).toBe(`file:${resolve('some/where')}`)
  expect(folderOf('file:some/where')).toBe('some/where')
})
