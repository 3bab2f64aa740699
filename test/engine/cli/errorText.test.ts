import { describe, expect, test } from 'vitest'
import { errorText, toWireError } from '../../../engine/cli/errorText.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { parseRetentionPolicy } from '../../../engine/maintenance/retentionPolicy.ts'
import { parseFilter } from '../../../engine/versions/filterParser.ts'

const plain = { debug: false }

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('It did not throw.')
}

describe('errorText', () => {
  test('says what happened and, indented, what to do now', () => {
    const error = new HoldfastError('target.exists', 'disk.img exists.', { advice: 'Choose another target.' })
    expect(errorText(error, plain)).toBe('holdfast: disk.img exists.\n  Choose another target.\n')
  })

  test('leaves the second line out when there is no advice', () => {
    expect(errorText(new HoldfastError('storage.failed', 'It broke.'), plain)).toBe('holdfast: It broke.\n')
  })

  test('puts a caret under the place of the mistake in a policy', () => {
    const error = thrownBy(() => parseRetentionPolicy('latest3,dayz30'))
    expect(errorText(error, plain).split('\n').slice(1, 3)).toEqual(['    latest3,dayz30', '            ^'])
  })

  test('puts the caret right behind wide characters and characters outside the BMP', () => {
    const error = thrownBy(() => parseFilter('name == "磁盘😀" oder protected'))
    const [, text, caret] = errorText(error, plain).split('\n')
    expect(text).toBe('    name == "磁盘😀" oder protected')
    // Three double-width characters: 3 columns more than there are characters.
    expect(caret!.indexOf('^')).toBe([...text!.slice(0, text!.indexOf('oder'))].length + 3)
  })

  test('lets no control characters of foreign names through', () => {
    const error = new HoldfastError('source.notFound', 'evil\x1b[2J\nholdfast: all is well does not exist.')
    expect(errorText(error, plain)).toBe('holdfast: evil?[2J holdfast: all is well does not exist.\n')
  })

  test('prints stack traces of the error and of its causes with debug only', () => {
    const error = new HoldfastError('storage.failed', 'It broke.', { cause: new Error('EIO: write') })
    expect(errorText(error, plain)).not.toContain('at ')
    const text = errorText(error, { debug: true })
    expect(text).toMatch(/HoldfastError: It broke\.\n\s+at /)
    expect(text).toMatch(/Caused by: Error: EIO: write\n\s+at /)
  })

  test('ends with debug although causes go round in a circle', () => {
    const error: Error = new Error('round')
    error.cause = error
    expect(errorText(error, { debug: true }).match(/Caused by/g)).toHaveLength(9)
  })

  test('calls what nobody expected a bug, and says how to report it', () => {
    const text = errorText(new TypeError('x is not a function'), plain)
    expect(text).toContain('x is not a function.\n')
    expect(text).toContain('--debug')
    expect(toWireError(new TypeError('x is not a function')).code).toBe('internal.bug')
  })
})
