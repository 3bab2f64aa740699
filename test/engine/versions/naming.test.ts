import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxVersionName } from '../../../engine/contract/versionName.ts'
import { defaultVersionName, isVersionName, requireVersionName } from '../../../engine/versions/naming.ts'

describe('isVersionName', () => {
  it.each(['web01', 'a', '_', 'vg0/root@daily', 'sda+1:2.img', 'x'.repeat(248), '..'])('accepts %s', name => {
    expect(isVersionName(name)).toBe(true)
  })

  it.each(['', '-web', 'web-', '-', 'web 01', 'büro', 'web01\n', 'a~1', 'a"b', 'x'.repeat(249)])(
    'refuses “%s”',
    name => {
      expect(isVersionName(name)).toBe(false)
    },
  )
})

describe('requireVersionName', () => {
  it.each([
    ['', 'it is empty'],
    ['web 01', 'it contains “ ”'],
    ['disk😀', 'it contains “😀”'],
    ['x'.repeat(249), 'it has 249 characters'],
    ['web-', 'begins or ends with “-”'],
  ])('says why “%s” cannot be a name', (name, why) => {
    expect(() => requireVersionName(name)).toThrow(
      expect.objectContaining({ code: 'usage.invalid', message: expect.stringContaining(why) }),
    )
  })

  it('lets a name pass', () => {
    expect(() => requireVersionName('web01')).not.toThrow()
  })
})

describe('defaultVersionName', () => {
  it.each([
    ['/dev/sda', 'sda'],
    ['/dev/mapper/vg0-root', 'vg0-root'],
    ['/images/web01.img', 'web01.img'],
    ['/images/My disk (old).img', 'My-disk-old-.img'],
    ['/mnt/Büro/Ärger.img', 'Arger.img'],
    ['rbd:pool/image@snap', 'image@snap'],
    ['disk.img', 'disk.img'],
    ['/srv/data///', 'data'],
    ['/srv/--x--', 'x'],
    ['/srv/日本', 'backup'],
    ['/', 'backup'],
    ['..', 'backup'],
    ['', 'backup'],
  ])('calls versions of %s %s', (path, name) => {
    expect(defaultVersionName(path)).toBe(name)
  })

  it('is a legal name for every path', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 240, maxLength: 300 })), path => {
        expect(isVersionName(defaultVersionName(path))).toBe(true)
      }),
    )
    expect(defaultVersionName(`${'x'.repeat(247)}-y`)).toHaveLength(maxVersionName - 1)
  })
})
