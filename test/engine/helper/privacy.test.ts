import fc from 'fast-check'
import { expect, test } from 'vitest'
import { privacyOf } from '../../../engine/helper/privacy.ts'

const same = (text: string) => text
const planted = {
  host: 'alices-laptop',
  serials: ['S5R2NX0T123456', 'ab12', null, undefined, '6f1b-99aa'],
  paths: ['/home/alice/My Disks/old.img', '/srv/images/web.img', 'file:///home/alice/Backup drive'],
}

test('what tells who somebody is goes, wherever it stands, and the rest stays', () => {
  const clean = privacyOf(planted)
  const value = {
    serial: 'ab12',
    uuid: '6F1B-99AA',
    message: 'Backing up /home/alice/My Disks/old.img as root on alices-laptop.',
    '/home/bob/x': 1,
    deep: [
      { path: '/dev/disk/by-id/ata-s5r2nx0t123456-part1' },
      '/media/alice/STICK',
      '/run/media/carol/disk, and /root/x.',
    ],
    urls: [
      's3://key:planted@host/bucket',
      'https://host/path?token=planted#planted',
      'file:///home/alice/Backup drive',
    ],
    passphrase: 'planted',
    kept: ['/srv/images/web.img', '/dev/sda', 'homes', 42, true, null],
  }
  const text = JSON.stringify(clean(value, same))
  for (const secret of ['alice', 'bob', 'carol', 'ab12', 'planted', 'My Disks', 'STICK', 'drive"', '/root']) {
    expect(text).not.toContain(secret)
  }
  expect(text).not.toMatch(/S5R2NX0T123456|6f1b-99aa/i)
  for (const plain of ['/srv/images/web.img', '/dev/sda', 'homes', 'Backing up', 'as root on [host]', 'host/bucket']) {
    expect(text).toContain(plain)
  }
})

test('the same serial has the same word in one bundle and another one in the next', () => {
  const [first, second] = [privacyOf(planted), privacyOf(planted)]
  const words = (clean: typeof first) =>
    clean(['S5R2NX0T123456', 'of S5R2NX0T123456', { serial: 'S5R2NX0T123456' }], same)
  const [one, of, field] = words(first) as [string, string, { serial: string }]
  expect(one).toMatch(/^\[serial [0-9a-f]{8}\]$/)
  expect(of).toBe(`of ${one}`)
  expect(field.serial).toBe(one)
  expect(words(second)).not.toEqual(words(first))
})

test('no known serial or path in a home survives in any text', () => {
  const folder = fc.stringMatching(/^[a-z][a-z ]{0,8}[a-z]$/)
  fc.assert(
    fc.property(
      folder,
      fc.stringMatching(/^[A-Z0-9]{6,20}$/),
      fc.string(),
      fc.string(),
      (name, serial, before, after) => {
        const path = `/home/somebody/${name}/x.img`
        const clean = privacyOf({ host: 'h', serials: [serial], paths: [path] })
        const text = JSON.stringify(clean({ text: `${before}${path} ${serial}${after}` }, same))
        expect(text).not.toContain('somebody')
        expect(text.replaceAll(/\[(path|serial) [0-9a-f]{8}\]/g, '')).not.toContain(serial)
      },
    ),
  )
})
