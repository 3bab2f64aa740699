import { chmod, mkdir, readdir, readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RotatingFile } from '../../../../engine/helper/access/rotatingFile.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const path = () => join(folder.path, 'trail')
const read = (name = 'trail') => readFile(join(folder.path, name), 'utf8')
const line = (number: number) => `line ${number}\n`

describe('a rotating file', () => {
  it('adds lines of many calls at once, whole, in order, for its owner alone', async () => {
    const file = new RotatingFile({ path: path(), maxBytes: 10_000, keep: 2 })
    const numbers = Array.from({ length: 50 }, (_, index) => index)
    await Promise.all(numbers.map(number => file.append(line(number))))
    expect(await read()).toBe(numbers.map(line).join(''))
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it('goes on where an earlier process stopped, and closes the file to others', async () => {
    await writeFile(path(), 'old\n')
    await chmod(path(), 0o644)
    await new RotatingFile({ path: path(), maxBytes: 100, keep: 2 }).append('new\n')
    expect(await read()).toBe('old\nnew\n')
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it('keeps the newest files and never takes more room than allowed', async () => {
    const file = new RotatingFile({ path: path(), maxBytes: 14, keep: 2 })
    for (let number = 1; number <= 9; number++) await file.append(line(number))
    expect((await readdir(folder.path)).sort()).toEqual(['trail', 'trail.1', 'trail.2'])
    expect([await read('trail.2'), await read('trail.1'), await read()]).toEqual([
      line(5) + line(6),
      line(7) + line(8),
      line(9),
    ])
  })

  it('can keep none', async () => {
    const file = new RotatingFile({ path: path(), maxBytes: 10, keep: 0 })
    for (const number of [1, 2]) await file.append(line(number))
    expect(await readdir(folder.path)).toEqual(['trail'])
    expect(await read()).toBe(line(2))
  })

  it('does not write through a link or into anything but a file, and goes on once that is gone', async () => {
    await writeFile(join(folder.path, 'victim'), 'precious')
    await symlink('victim', path())
    const file = new RotatingFile({ path: path(), maxBytes: 100, keep: 1 })
    await expect(file.append('x\n')).rejects.toMatchObject({ code: 'storage.failed', details: { path: path() } })
    expect(await read('victim')).toBe('precious')
    await mkdir(join(folder.path, 'folder'))
    const onFolder = new RotatingFile({ path: join(folder.path, 'folder'), maxBytes: 100, keep: 1 })
    await expect(onFolder.append('x\n')).rejects.toMatchObject({ code: 'storage.failed' })
    await unlink(path())
    await file.append('y\n')
    expect(await read()).toBe('y\n')
  })
})
