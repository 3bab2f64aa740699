import { expect, it } from 'vitest'
import { RcloneFailure, RcloneLost, translateRcloneError } from '../../../../engine/storage/rclone/failures.ts'

it('tells by its words what kind of failure it was', () => {
  for (const [words, code, retryable] of [
    ["didn't find section in config file", 'config.notFound', false],
    ['write /x: no space left on device', 'storage.full', false],
    ['googleapi: Error 403: storageQuotaExceeded', 'storage.full', false],
    ['googleapi: Error 403: Rate Limit Exceeded', 'storage.throttled', true],
    ['AccessDenied: Access Denied status code: 403', 'storage.authFailed', false],
    ['open /x: permission denied', 'storage.authFailed', false],
    ['dial tcp: lookup nas.local: no such host', 'storage.unreachable', true],
    ['dial tcp 10.0.0.1:22: connect: connection refused', 'storage.unreachable', true],
    ['HTTP error 502 (Bad Gateway)', 'storage.unreachable', true],
    ['mkdir /x: read-only file system', 'storage.readOnly', false],
    ['NotImplemented: NotImplemented status code: 501', 'storage.failed', false],
    ['something else', 'storage.failed', false],
  ] as const) {
    const error = translateRcloneError(new RcloneFailure(words, 500), 'rclone:a:b', 'write c')
    expect([words, error]).toMatchObject([
      words,
      { code, retryable, message: `rclone could not write c at rclone:a:b: ${words}.` },
    ])
  }
  const wordy = new RcloneFailure('AccessDenied: Access Denied\n\tstatus code: 403, request id: 25, host id: ', 500)
  expect(translateRcloneError(wordy, 'rclone:a:b', 'write c')).toMatchObject({
    message: 'rclone could not write c at rclone:a:b: AccessDenied: Access Denied status code: 403.',
  })
  expect(translateRcloneError(new RcloneLost('gone'), 'rclone:a:b', 'write c')).toMatchObject({
    code: 'storage.unreachable',
    retryable: true,
  })
  const other = new Error('other')
  expect(translateRcloneError(other, 'rclone:a:b', 'write c')).toBe(other)
})
