import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { imageFailure, imageOffset, isPlainName, parseExtents, parseListing } from '../../../engine/demo/e2fs.ts'

describe('parseListing', () => {
  it('reads files and folders and leaves out deleted entries and the dots', () => {
    const text =
      '\n/2/040755/0/0/.//\n/2/040755/0/0/..//\n/12/100644/0/0/syslog/6442451/\n/13/040700/0/0/home//\n/0/000000/0/0/gone/0/\n/14/120777/0/0/link/7/\n'
    expect(parseListing(text)).toEqual([
      { name: 'syslog', isDirectory: false, isFile: true, sizeBytes: 6442451 },
      { name: 'home', isDirectory: true, isFile: false, sizeBytes: 0 },
      { name: 'link', isDirectory: false, isFile: false, sizeBytes: 7 },
    ])
  })
})

describe('parseExtents', () => {
  const text = `
Level Entries       Logical        Physical Length Flags
 0/ 0   1/  3     0 -  1572 392947 - 394519   1573
 0/ 0   2/  3  1573 -  1583 397666 - 397676     11 Uninit
 0/ 0   3/  3  2000 -  2001 400000 - 400001      2
`
  it('reads written extents and leaves out unwritten ones', () => {
    expect(parseExtents(text)).toEqual([
      { logical: 0, physical: 392947, length: 1573 },
      { logical: 2000, physical: 400000, length: 2 },
    ])
  })

  it('says where a byte of the file lies in the image, and nothing for a hole', () => {
    const extents = parseExtents(text)
    expect(imageOffset(extents, 10)).toBe(392947 * 4096 + 10)
    expect(imageOffset(extents, 2001 * 4096 + 5)).toBe(400001 * 4096 + 5)
    expect(imageOffset(extents, 1575 * 4096)).toBeUndefined()
    expect(imageOffset(extents, 2002 * 4096)).toBeUndefined()
  })
})

describe('isPlainName', () => {
  it.each(['libc.so.6', 'a+b=c@d', 'x[1]~', '#h'])('accepts %s', name => expect(isPlainName(name)).toBe(true))
  it.each(['a b', 'a"b', 'a\\b', 'a\nb', 'ä', 'a/b', ''])('refuses %j', name => expect(isPlainName(name)).toBe(false))
})

describe('imageFailure', () => {
  it('tells a full disk from other failures and lets a HoldfastError pass', () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
    expect(imageFailure('/i', full).code).toBe('target.full')
    expect(imageFailure('/i', new Error('odd')).code).toBe('target.writeFailed')
    const own = new HoldfastError('run.cancelled', 'Stopped.')
    expect(imageFailure('/i', own)).toBe(own)
  })
})
