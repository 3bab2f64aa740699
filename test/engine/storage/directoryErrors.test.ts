import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { HoldfastError } from '../../../engine/contract/errors.ts'
import { errnoName, type FileAction, translateFileError } from '../../../engine/storage/directory/errors.ts'

/** As the runtime throws it: errors that it has no name for are "Unknown system error". */
const systemError = (errno: number, code: string) =>
  Object.assign(new Error(`${code}: failed`), { errno: -errno, code })
const writing: FileAction = { root: '/mnt/usb', name: 'packs/00/a', kind: 'write' }
const translate = (errno: number, code: string, kind: FileAction['kind'] = 'write') =>
  translateFileError(systemError(errno, code), { ...writing, kind }) as HoldfastError

describe('translateFileError', () => {
  it('tells a full disk or quota', () => {
    for (const error of [translate(28, 'ENOSPC'), translate(122, 'Unknown system error -122')]) {
      expect(error).toMatchObject({ code: 'storage.full', retryable: false })
      expect(error.advice).toMatch(/earlier versions are intact/)
      expect(error.message).toContain('/mnt/usb')
    }
  })

  it('tells what cannot be written or may not be', () => {
    expect(translate(30, 'EROFS')).toMatchObject({ code: 'storage.readOnly', retryable: false })
    expect(translate(13, 'EACCES')).toMatchObject({ code: 'storage.authFailed', retryable: false })
    expect(translate(1, 'EPERM')).toMatchObject({ code: 'storage.authFailed', retryable: false })
  })

  it('takes a missing name for a missing object when reading and for a missing drive when writing', () => {
    for (const [errno, code] of [
      [2, 'ENOENT'],
      [20, 'ENOTDIR'],
    ] as const) {
      expect(translate(errno, code, 'read').code).toBe('storage.objectNotFound')
      expect(translate(errno, code, 'write').code).toBe('storage.driveNotConnected')
    }
  })

  it('tells a drive or server that is gone', () => {
    const gone = [
      [19, 'ENODEV'],
      [6, 'ENXIO'],
      [116, 'Unknown system error -116'],
      [107, 'ENOTCONN'],
      [123, 'Unknown system error -123'],
      [113, 'EHOSTUNREACH'],
      [110, 'ETIMEDOUT'],
    ] as const
    for (const [errno, code] of gone) {
      expect(translate(errno, code, 'read'), code).toMatchObject({
        code: 'storage.driveNotConnected',
        retryable: false,
      })
    }
  })

  it('lets what may pass be tried again, and nothing else', () => {
    for (const [errno, code] of [
      [5, 'EIO'],
      [16, 'EBUSY'],
      [24, 'EMFILE'],
      [12, 'ENOMEM'],
    ] as const) {
      expect(translate(errno, code), code).toMatchObject({ code: 'storage.failed', retryable: true })
    }
    for (const [errno, code] of [
      [117, 'Unknown system error -117'],
      [36, 'ENAMETOOLONG'],
      [27, 'EFBIG'],
    ] as const) {
      expect(translate(errno, code), code).toMatchObject({ code: 'storage.failed', retryable: false })
    }
  })

  it('keeps the original error and its name for machines', () => {
    const original = systemError(5, 'EIO')
    const error = translateFileError(original, writing) as HoldfastError
    expect(error.cause).toBe(original)
    expect(error.details).toEqual({ path: '/mnt/usb', name: 'packs/00/a', errno: 'EIO' })
  })

  it('lets errors pass that are no failed system calls', () => {
    for (const error of [new TypeError('a mistake'), 'text', undefined, null]) {
      expect(translateFileError(error, writing)).toBe(error)
    }
  })

  it('gives every error code of the system a meaning with advice', () => {
    for (const [code, errno] of Object.entries(constants.errno)) {
      const error = translate(errno, code)
      expect(error.code, code).toMatch(/^storage\./)
      expect(error.advice, code).toBeTruthy()
    }
  })
})

describe('errnoName', () => {
  it('knows errors that the runtime has no name for', () => {
    expect(errnoName(systemError(122, 'Unknown system error -122'))).toBe('EDQUOT')
    expect(errnoName(systemError(123, 'Unknown system error -123'))).toBe('ENOMEDIUM')
    expect(errnoName(new Error('no system call'))).toBeUndefined()
  })
})
