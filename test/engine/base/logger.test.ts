import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger, type LoggerOptions, namesSecret, redact } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'

const lines = (options: LoggerOptions = {}) => {
  const written: string[] = []
  return {
    written,
    logger: createLogger({ now: () => Date.UTC(2030, 0, 2, 3, 4, 5), write: line => written.push(line), ...options }),
  }
}

describe('the logger', () => {
  it('writes a line of text for each message', () => {
    const { logger, written } = lines()
    logger.warn('The disk is slow.', { path: '/dev/sda', bytes: 12 })
    expect(written).toEqual(['2030-01-02T03:04:05.000Z WARN  The disk is slow. path="/dev/sda" bytes=12\n'])
  })

  it('writes a JSON object for each message', () => {
    const { logger, written } = lines({ format: 'json' })
    logger.error('It broke.', { offset: 10n, time: 'never', message: 'other', level: 'debug' })
    expect(JSON.parse(written[0]!)).toEqual({
      time: '2030-01-02T03:04:05.000Z',
      level: 'error',
      message: 'It broke.',
      offset: '10',
    })
    expect(written[0]).toMatch(/^[^\n]+\n$/)
  })

  it('drops messages below its level', () => {
    const { logger, written } = lines({ level: 'warn' })
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    expect(written.map(line => line.slice(25, 32))).toEqual(['WARN  c', 'ERROR d'])
  })

  it('adds the facts of its context, which a message may replace', () => {
    const { logger, written } = lines()
    logger.with({ job: 'home' }).with({ run: 1 }).info('Started.', { run: 2 })
    expect(written[0]).toContain('Started. job="home" run=2')
  })

  it('keeps a message on one line, so that none can be forged', () => {
    const { logger, written } = lines()
    logger.info('Name: x\n2030 ERROR forged', { name: 'a\nb' })
    expect(written.join('').split('\n')).toHaveLength(2)
  })

  it('does not fail the work when it cannot write', () => {
    const { logger } = lines({
      write: () => {
        throw new Error('EPIPE')
      },
    })
    expect(() => logger.error('lost')).not.toThrow()
  })

  it('keeps secrets out of both formats', () => {
    for (const format of ['text', 'json'] as const) {
      const { logger, written } = lines({ format })
      logger.info('Opening s3://user:hunter2@host/bucket', {
        passphrase: 'hunter2',
        deep: [{ secretAccessKey: 'hunter2', list: new Map([['token', 'hunter2']]) }],
        url: 'https://me:hunter2@example.org',
        error: new HoldfastError('config.invalid', 'bad', { details: { recoveryPhrase: 'hunter2' } }),
        bytes: Buffer.from('hunter2'),
      })
      expect(written.join('')).not.toContain('hunter2')
      expect(written.join('')).toContain('user:[redacted]@host')
    }
  })
})

describe('names of secrets', () => {
  it.each([
    'passphrase',
    'Password',
    'passphraseFile',
    'secret',
    'secretAccessKey',
    'masterKey',
    'MASTER_KEY',
    'keys',
    'recoveryPhrase',
    'apiToken',
    'x-auth-token',
    'Authorization',
    'mnemonic',
  ])('include %s', name => {
    expect(namesSecret(name)).toBe(true)
  })

  it.each(['keySlotId', 'accessKeyId', 'keyFile', 'path', 'monkey', 'pinned', 'offset'])('do not include %s', name => {
    expect(namesSecret(name)).toBe(false)
  })
})

describe('redacting', () => {
  it('makes any value fit for JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        value => {
          expect(() => JSON.stringify(redact(value))).not.toThrow()
        },
      ),
    )
  })

  it('shows errors with their code and cause, and ends circles', () => {
    const circle: Record<string, unknown> = { name: 'a' }
    circle.self = circle
    expect(JSON.stringify(redact(circle))).toContain('[…]')
    const error = new HoldfastError('source.readFailed', 'Cannot read.', { cause: new Error('EIO') })
    expect(redact(error)).toMatchObject({
      name: 'HoldfastError',
      message: 'Cannot read.',
      code: 'source.readFailed',
      cause: { message: 'EIO' },
    })
  })

  it('leaves addresses without secrets as they are', () => {
    expect(redact('s3://bucket/path and me@host:80')).toBe('s3://bucket/path and me@host:80')
  })
})
