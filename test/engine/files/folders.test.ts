import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linux } from '../../../engine/base/linux.ts'
import { resolveInside } from '../../../engine/files/insidePath.ts'
import { listFolder, parseListing } from '../../../engine/files/listing.ts'
import { findConflicts, freeName, makePrivateFolder, openFolder, place } from '../../../engine/files/placing.ts'
import { filesSystem } from '../../../engine/files/system.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const at = (...parts: string[]) => join(folder.path, ...parts)

describe('a path on a mounted volume', () => {
  const inside = async (path: string, followLast = true) =>
    (await resolveInside(at('root'), path, { followLast })).slice(at('root').length)
  const make = async () => {
    await mkdir(at('root/etc/deep'), { recursive: true })
    await mkdir(at('outside'))
    await writeFile(at('outside/secret'), '')
    await writeFile(at('root/etc/file'), '')
    await symlink('/etc', at('root/absolute'))
    await symlink('../../../../outside', at('root/etc/upwards'))
    await symlink('loop', at('root/loop'))
    await symlink(at('outside'), at('root/host'))
  }

  test('goes through links as if the volume were all there is', async () => {
    await make()
    expect(await inside('absolute/file')).toBe('/etc/file')
    expect(await inside('/etc/./deep/../file')).toBe('/etc/file')
    expect(await inside('../../etc/file')).toBe('/etc/file')
    expect(await inside('absolute', false)).toBe('/absolute')
    expect(await inside('')).toBe('')
  })

  test('cannot leave it by links, circles or files in the way', async () => {
    await make()
    for (const path of ['etc/upwards/secret', 'host/secret', 'loop', 'etc/file/more', 'etc/none']) {
      await expect(inside(path)).rejects.toMatchObject({ code: 'files.notFound' })
    }
  })
})

describe('listing', () => {
  test('says what each entry is', async () => {
    await mkdir(at('list/sub'), { recursive: true })
    await writeFile(at('list/a\nb'), 'abc')
    await chmod(at('list/a\nb'), 0o640)
    await symlink('sub', at('list/link'))
    const { entries, problems } = await listFolder(filesSystem, at('list'))
    expect(problems).toEqual([])
    expect(entries).toMatchObject([
      { name: 'a\nb', kind: 'file', sizeBytes: 3, mode: '0640', linkTarget: null, isNameExact: true },
      { name: 'link', kind: 'link', linkTarget: 'sub' },
      { name: 'sub', kind: 'folder' },
    ])
    expect(entries[0]!.uid).toBe((await lstat(at('list'))).uid)
    expect((await listFolder(filesSystem, at('list/a\nb'))).entries).toMatchObject([{ name: 'a\nb' }])
  })

  test('takes names that are no UTF-8 and times beyond all calendars', () => {
    const line = (name: Buffer, time: string) =>
      Buffer.concat([name, Buffer.from(`\0f\x005\x0044\x000\x000\0${time}\0\0`)])
    const entries = parseListing(
      Buffer.concat([line(Buffer.from([0x62, 0xe4]), '99999999999999.5'), line(Buffer.from('b'), '-1.5')]),
    )
    expect(entries).toMatchObject([
      { name: 'b\ufffd', isNameExact: false, modified: '9999-12-31T23:59:59.000Z', mode: '0044' },
      { name: 'b', isNameExact: true, modified: '1969-12-31T23:59:58.500Z' },
    ])
  })
})

describe('placing', () => {
  const trees = async () => {
    await mkdir(at('new/a/sub'), { recursive: true })
    await writeFile(at('new/a/file'), 'new')
    await writeFile(at('new/a/sub/deep'), 'new')
    await mkdir(at('there/a/file'), { recursive: true })
    await mkdir(at('elsewhere'))
    await writeFile(at('there/a/file/kept'), '')
    await writeFile(at('there/a/other'), 'old')
    await symlink(at('elsewhere'), at('there/a/sub'))
  }

  test('tells before what it would replace', async () => {
    await trees()
    expect(await findConflicts(at('new/a'), at('there/a'), 'a', 100)).toEqual(['a/file', 'a/sub'])
    expect(await findConflicts(at('new/a'), at('there/none'), 'none', 100)).toEqual([])
  })

  test('merges folders, replaces what is in the way, and follows no links', async () => {
    await trees()
    await chmod(at('new/a'), 0o750)
    const [from, to] = [await openFolder(at('new')), await openFolder(at('there'))]
    await place(from, 'a', to)
    await from.close()
    await to.close()
    expect((await readdir(at('there/a'))).sort()).toEqual(['file', 'other', 'sub'])
    expect(await readFile(at('there/a/file'), 'utf8')).toBe('new')
    expect(await readFile(at('there/a/sub/deep'), 'utf8')).toBe('new')
    expect((await lstat(at('there/a'))).mode & 0o777).toBe(0o750)
    expect(await readdir(at('elsewhere'))).toEqual([])
    expect(await readdir(at('new'))).toEqual([])
  })

  test('lets what is in the way and what takes its place change places at once, whatever bytes their names are', async () => {
    const odd = (name: string) => Buffer.concat([Buffer.from(`${folder.path}/${name}/`), Buffer.from([0x62, 0xe4])])
    for (const name of ['one', 'two']) await mkdir(at(name))
    await writeFile(odd('one'), 'file')
    await mkdir(odd('two'))
    expect(linux.exchangeNames(odd('one'), odd('two'))).toBe('done')
    expect(await readFile(odd('two'), 'utf8')).toBe('file')
    expect((await lstat(odd('one'))).isDirectory()).toBe(true)
    expect(() => linux.exchangeNames(odd('none'), odd('two'))).toThrow('ENOENT')
  })

  test('works in a folder that nobody else may enter', async () => {
    const parent = await openFolder(folder.path)
    const made = await makePrivateFolder(parent, 'private')
    expect((await lstat(at('private'))).mode & 0o777).toBe(0o700)
    await expect(makePrivateFolder(parent, 'private')).rejects.toMatchObject({ code: 'EEXIST' })
    await made.close()
    await parent.close()
  })

  test('finds names that are free', async () => {
    await writeFile(at('letter.odt'), '')
    await writeFile(at('letter (2).odt'), '')
    await mkdir(at('.config'))
    expect(await freeName(folder.path, 'letter.odt')).toBe('letter (3).odt')
    expect(await freeName(folder.path, '.config')).toBe('.config (2)')
    expect(await freeName(folder.path, 'new')).toBe('new')
  })
})
