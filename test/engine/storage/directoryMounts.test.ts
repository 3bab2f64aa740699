import { describe, expect, it } from 'vitest'
import { emptyMountPointAbove, parseFstab, parseMountInfo } from '../../../engine/storage/directory/mounts.ts'

describe('emptyMountPointAbove', () => {
  const mounted = new Set(['/', '/home', '/mnt/disk', '/media/anna/USB', '/run/media/ben/My Drive', '/media'])
  const expected = ['/', '/home', '/mnt/disk', '/mnt/nas', '/srv/a']
  const find = (path: string) => emptyMountPointAbove(path, expected, mounted)

  it('finds the place at or above where a drive is missing', () => {
    expect(find('/mnt/nas')).toBe('/mnt/nas')
    expect(find('/mnt/nas/backup/deep')).toBe('/mnt/nas')
    expect(find('/srv/a/b')).toBe('/srv/a')
  })

  it('is content with mounted drives and with plain folders', () => {
    for (const path of ['/', '/home/anna/backup', '/mnt/disk/backup', '/mnt/other', '/mnt/nasty', '/srv/ab', '/mnt']) {
      expect(find(path), path).toBeUndefined()
    }
  })

  it('wants a drive below the folders where desktops mount drives', () => {
    expect(find('/media/anna/USB/backup')).toBeUndefined()
    expect(find('/media/anna/USB')).toBeUndefined()
    expect(find('/run/media/ben/My Drive')).toBeUndefined()
    expect(find('/media/anna/Other')).toBe('/media/anna/Other')
    expect(find('/media/anna/USB2/backup')).toBe('/media/anna/USB2/backup')
    expect(find('/run/media/ben')).toBe('/run/media/ben')
  })
})

describe('the tables of the system', () => {
  it('are read with comments, blanks, options and escapes', () => {
    const fstab = [
      '# <file system> <mount point> <type>',
      'UUID=0a / ext4 errors=remount-ro 0 1',
      '  LABEL=x\t/mnt/with\\040blank/\tntfs  defaults',
      'UUID=0b none swap sw 0 0',
      'UUID=0c swap swap sw 0 0',
      'nas:/export /mnt//nas nfs noauto',
      'broken',
      '',
    ]
    expect(parseFstab(fstab.join('\n'))).toEqual(['/', '/mnt/with blank', '/mnt/nas'])
    const mountInfo = [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '40 22 8:17 /sub /mnt/with\\040blank rw shared:3 master:1 - ntfs3 /dev/sdb1 rw',
      '41 22 8:18 / /mnt/ä\\134b rw - ext4 /dev/sdb2 rw',
      '',
    ]
    expect([...parseMountInfo(mountInfo.join('\n'))]).toEqual(['/proc', '/mnt/with blank', '/mnt/ä\\b'])
  })
})
