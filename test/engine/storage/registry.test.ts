import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { storageDrivers } from '../../../engine/storage/drivers.ts'
import { parseRepositoryUrl, folderOf as pathOf } from '../../../engine/storage/locations.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { type OpenStorageOptions, openStorage } from '../../../engine/storage/registry.ts'

describe('parseRepositoryUrl', () => {
  it('takes a plain path as it is', () => {
    for (const path of [
      '/media/drive/backup',
      'backup',
      './a:b',
      '/a:b',
      '../x',
      'a/b:c',
      '/with space%20',
      '.',
      '1:2',
    ]) {
      expect(parseRepositoryUrl(path)).toEqual({ scheme: 'file', path })
    }
  })

  it('takes what follows file: as it is', () => {
    expect(pathOf('file:/mnt/My%20Drive')).toBe('/mnt/My%20Drive')
    expect(pathOf('file:relative/path')).toBe('relative/path')
    expect(pathOf('FILE:./a')).toBe('./a')
  })

  it('decodes file:// URLs', () => {
    expect(pathOf('file:///mnt/My%20Drive')).toBe('/mnt/My Drive')
    expect(pathOf('file://localhost/mnt/%C3%A4%3F')).toBe('/mnt/ä?')
  })

  it('refuses file:// URLs that name no local file', () => {
    for (const url of ['file://server/share', 'file:///a%2Fb', 'file:///a?b', 'file:///a#b', 'file:///%zz']) {
      expect(() => parseRepositoryUrl(url), url).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
    }
  })

  it('refuses what is empty', () => {
    for (const url of ['', '  ', 'file:', 'a\0b']) {
      expect(() => parseRepositoryUrl(url)).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
    }
  })

  it('names what works when the scheme is a mistake', () => {
    expect(() => parseRepositoryUrl('fiel:/mnt')).toThrow(
      expect.objectContaining({ code: 'usage.invalid', advice: expect.stringContaining('file:') }),
    )
  })
})

describe('openStorage', () => {
  it('hands the location and the expectation to the factory of its scheme', async () => {
    const asked: unknown[] = []
    const storage = new MemoryStorage()
    const factories = {
      ...storageDrivers,
      file: async (...call: [unknown, OpenStorageOptions?]) => {
        asked.push(call)
        return storage
      },
    }
    expect(await openStorage('file:x', factories, { expect: 'folder' })).toBe(storage)
    expect(asked).toEqual([[{ scheme: 'file', path: 'x' }, { expect: 'folder' }]])
  })

  it('opens folders with the drivers that are there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'))
    try {
      const storage = await openStorage(`file:${folder}`, storageDrivers, { expect: 'folder' })
      expect(storage.url).toBe(`file:${folder}`)
      expect(pathOf(storage.url)).toBe(folder)
      await storage.close()
      await expect(openStorage(folder, storageDrivers)).rejects.toMatchObject({ code: 'repository.notFound' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
