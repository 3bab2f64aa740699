import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { ownIdentity } from '../../../engine/base/processIdentity.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { AttachedVersion } from '../../../engine/files/attachedVersion.ts'
import { Attachment, clearLeftovers } from '../../../engine/files/attachment.ts'
import { AttachmentRecords } from '../../../engine/files/attachmentRecords.ts'
import { mountInUserSpace, mountVolume } from '../../../engine/files/mountVolume.ts'
import type { AttachmentRecord } from '../../../engine/files/steps.ts'
import type { FilesSystem } from '../../../engine/files/system.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const quiet = createLogger({ write: () => undefined })

/** A computer on which programs do nothing but be remembered; those in `fails` fail with what they say. */
function fakeSystem(installed: readonly string[], fails: Record<string, string> = {}) {
  const calls: string[] = []
  const system: FilesSystem = {
    isRoot: true,
    find: async program => (installed.includes(program) ? `/usr/bin/${program}` : undefined),
    async run(program, args, { failureCode }) {
      calls.push([program, ...args].join(' '))
      const said = fails[program]
      if (said !== undefined) throw new HoldfastError(failureCode, said, { details: { stderr: said } })
      return { exitCode: 0, stdout: Buffer.alloc(0), stderr: '' }
    },
  }
  return { system, calls }
}

const begin = (system: FilesSystem) => {
  const records = new AttachmentRecords(folder.path)
  return Attachment.begin({ records, system, logger: quiet, title: 'a test' })
}

describe('an attachment', () => {
  test('has each step on record before it is made', async () => {
    const attachment = await begin(fakeSystem([]).system)
    const [file] = await readdir(join(folder.path, 'attachments')).then(names =>
      names.filter(name => name.endsWith('.json')),
    )
    let seen: AttachmentRecord | undefined
    const path = join(attachment.folder, 'x')
    await attachment.step({ kind: 'folder', path }, async () => {
      seen = JSON.parse(await readFile(join(folder.path, 'attachments', file!), 'utf8'))
      await mkdir(path)
    })
    expect(seen).toMatchObject({ id: attachment.id, owner: ownIdentity(), steps: [{ kind: 'folder', path }] })
    await attachment.end()
    expect(await readdir(join(folder.path, 'attachments'))).toEqual([])
  })

  test('undoes from the end, and forgets a step that failed', async () => {
    const { system, calls } = fakeSystem(['dmsetup'])
    const attachment = await begin(system)
    await attachment.step({ kind: 'mapping', name: 'holdfast-1' }, async () => undefined)
    await attachment.step({ kind: 'mapping', name: 'holdfast-2' }, async () => undefined)
    const failed = attachment.step({ kind: 'folder', path: join(attachment.folder, 'none') }, async () => {
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(attachment.height).toBe(2)
    await attachment.undo(1)
    await attachment.end()
    expect(calls.filter(call => call.includes('remove'))).toEqual([
      'dmsetup remove holdfast-2',
      'dmsetup remove holdfast-1',
    ])
  })

  test('of a dead process is taken away, of a living one it stays', async () => {
    const { system, calls } = fakeSystem(['dmsetup'])
    const records = new AttachmentRecords(folder.path)
    const living = await begin(system)
    const own = ownIdentity()
    const dead: AttachmentRecord = {
      id: 'holdfast-0123abcd',
      owner: { ...own, startTicks: `${own.startTicks}0` },
      title: 'left over',
      mountPoint: null,
      steps: [
        { kind: 'mapping', name: 'holdfast-old' },
        { kind: 'file', path: join(records.workFolder('holdfast-0123abcd'), 'nbd.sock') },
      ],
    }
    await records.write(dead)
    await mkdir(records.workFolder(dead.id))
    await writeFile(join(records.workFolder(dead.id), 'nbd.sock'), '')
    const elsewhere = { ...dead, id: 'holdfast-fedcba98', owner: { ...own, host: 'other/1', bootId: 'other' } }
    await records.write(elsewhere)

    expect(await clearLeftovers({ records, system, logger: quiet })).toBe(1)
    expect(calls).toContain('dmsetup remove holdfast-old')
    expect((await records.list()).map(({ id }) => id).sort()).toEqual([living.id, elsewhere.id].sort())
    await expect(stat(records.workFolder(dead.id))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('that cannot be taken away in full stays on record', async () => {
    const records = new AttachmentRecords(folder.path)
    const own = ownIdentity()
    const id = 'holdfast-0123abcd'
    await records.write({
      id,
      owner: { ...own, startTicks: `${own.startTicks}0` },
      title: '',
      mountPoint: null,
      steps: [],
    })
    await mkdir(join(records.workFolder(id), 'unknown'), { recursive: true })
    expect(await clearLeftovers({ records, system: fakeSystem([]).system, logger: quiet })).toBe(0)
    expect(await records.list()).toHaveLength(1)
    expect(await readdir(records.workFolder(id))).toEqual(['unknown'])
  })
})

describe('what is missing', () => {
  const read = async ({ length }: { length: number }) => Buffer.alloc(length)
  const volume = (kind: string) => ({ name: 'p1', kind, device: '/dev/loop9', sizeBytes: 1024 * 1024, read })
  const mount = (kind: string, system: FilesSystem) =>
    begin(system).then(attachment => mountVolume(attachment, volume(kind), '/nowhere', { canOverlay: false }))

  test('is named with its package', async () => {
    const { system } = fakeSystem([])
    const attachment = await begin({ ...system, isRoot: false })
    const options = { name: 'p1', kind: 'ext4', file: '/x', offset: 0, isDirty: false }
    await expect(mountInUserSpace(attachment, options, '/nowhere')).rejects.toMatchObject({
      code: 'config.invalid',
      advice: expect.stringContaining('apt install fuse2fs'),
    })
    const address = { socketPath: '/nowhere/nbd.sock', exportName: '' }
    await expect(AttachedVersion.attach(attachment, address)).rejects.toMatchObject({
      code: 'config.invalid',
      advice: expect.stringMatching(/apt install libnbd-bin|\/dev\/fuse/),
    })
  })

  test('in the kernel is told from damage', async () => {
    const unknown = fakeSystem(['mount'], { mount: "mount: /x: unknown filesystem type 'xfs'." })
    await expect(mount('xfs', unknown.system)).rejects.toMatchObject({ code: 'files.unsupported' })
    const broken = fakeSystem(['mount'], {
      mount: 'mount: /x: wrong fs type, bad option, bad superblock on /dev/loop9',
    })
    await expect(mount('xfs', broken.system)).rejects.toMatchObject({
      code: 'files.damaged',
      advice: expect.stringContaining('fsck'),
    })
  })

  test('does not keep a second way from being tried', async () => {
    const { system, calls } = fakeSystem(['mount'], { mount: 'unknown filesystem type' })
    await expect(mount('ntfs', system)).rejects.toMatchObject({ advice: expect.stringContaining('ntfs-3g') })
    expect(calls.filter(call => call.startsWith('mount')).map(call => call.split(' ')[2])).toEqual(['ntfs3', 'ntfs-3g'])
  })
})
