import { describe, expect, it } from 'vitest'
import { dayAmounts, planDay } from '../../../engine/demo/dayPlan.ts'
import type { ImageTree } from '../../../engine/demo/e2fs.ts'

const GiB = 1024 ** 3

function treeOf(folders: number, filesEach: number): ImageTree {
  const directories = Array.from({ length: folders }, (_, i) => `/usr/share/part${i}`)
  const files = directories.flatMap(directory =>
    Array.from({ length: filesEach }, (_, i) => ({ path: `${directory}/file${i}`, sizeBytes: 2000 + 50 * i })),
  )
  files.push(
    { path: '/var/log/syslog', sizeBytes: 10_000 },
    { path: '/var/lib/database/main.db', sizeBytes: 1_000_000 },
  )
  files.push({ path: '/home/anna/Pictures/IMG_00000.jpg', sizeBytes: 500_000 })
  return { files, directories: ['/usr', '/usr/share', ...directories] }
}

describe('dayAmounts', () => {
  it('grows with the disk and never falls to nothing', () => {
    expect(dayAmounts(2 * GiB, true)).toMatchObject({ editedFiles: 200, rewrittenFiles: 120, randomWrites: 300 })
    expect(dayAmounts(4 * GiB, true).editedFiles).toBe(400)
    expect(dayAmounts(32 * 1024 ** 2, true).rewrittenFiles).toBeGreaterThan(0)
  })

  it('neither rewrites nor copies nor writes at random on an ordinary day', () => {
    expect(dayAmounts(2 * GiB, false)).toMatchObject({ rewrittenFiles: 0, copiedFolderBytes: 0, randomWrites: 0 })
  })
})

describe('planDay', () => {
  const amounts = {
    editedFiles: 20,
    appendBytesPerLog: 1000,
    newSystemBytes: 0,
    newPictureBytes: 1_200_000,
    deletedBytes: 60_000,
    rewrittenFiles: 10,
    copiedFolderBytes: 100_000,
    randomWrites: 5,
  }
  const tree = treeOf(12, 30)
  const plan = planDay(tree, [], amounts, 1)

  it('gives no file two parts', () => {
    const parts = [...plan.edits, ...plan.rewrites, ...plan.deletions, ...(plan.copy?.files ?? [])]
    expect(parts.length).toBeGreaterThan(40)
    expect(new Set(parts.map(file => file.path)).size).toBe(parts.length)
  })

  it('deletes about as much as asked for and no more', () => {
    const deleted = plan.deletions.reduce((sum, file) => sum + file.sizeBytes, 0)
    expect(deleted).toBeLessThanOrEqual(amounts.deletedBytes)
    expect(deleted).toBeGreaterThan(amounts.deletedBytes * 0.9)
  })

  it('copies a folder of fitting size to a name that is free, and to another one the next day', () => {
    const copy = plan.copy!
    expect(tree.directories).toContain(copy.from)
    expect(copy.files.map(file => file.path).every(path => path.startsWith(`${copy.from}/`))).toBe(true)
    const next = planDay({ ...tree, directories: [...tree.directories, copy.to] }, [], amounts, 1)
    expect(next.copy!.to).not.toBe(copy.to)
    expect(tree.directories).not.toContain(next.copy!.to)
  })

  it('numbers new pictures on and appends to every log', () => {
    const name = (number: string): string => `/home/anna/Pictures/IMG_0000${number}.jpg`
    expect(plan.pictures.map(picture => picture.path)).toEqual([name('1'), name('2'), name('3')])
    expect(plan.pictures.reduce((sum, picture) => sum + picture.bytes, 0)).toBe(1_200_000)
    expect(plan.appends.map(append => append.file.path)).toEqual(['/var/log/syslog'])
    expect(plan.appends[0]!.bytes).toBeGreaterThan(0)
  })

  it('decides the same for the same seed and differently for another', () => {
    expect(planDay(tree, [], amounts, 1)).toEqual(plan)
    expect(planDay(tree, [], amounts, 2).edits).not.toEqual(plan.edits)
  })
})
