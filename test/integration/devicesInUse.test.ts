import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemAccess } from '../../engine/base/linux/system.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Engine, Session } from '../../engine/engineApi.ts'
import { judgeMoment } from '../../engine/sources/deviceUse.ts'
import { attachLoop, type LoopDevice, makeFileSystem, mountAt, noLoopDevices } from '../support/loopDevice.ts'
import { attackSecret } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

describe.skipIf(noLoopDevices)('a device without snapshots', () => {
  let loop: LoopDevice
  let unmount: (() => void) | undefined
  let engine: Engine
  let session: Session
  beforeEach(async () => {
    const image = join(folder.path, 'image')
    await writeFile(image, '')
    await truncate(image, 16 * 1024 * 1024)
    makeFileSystem(image)
    loop = attachLoop(image)
    await mkdir(join(folder.path, 'mount'))
    engine = createEngine({ stateDir: join(folder.path, 'state') })
    const url = join(folder.path, 'repository')
    await engine.init(url, attackSecret)
    session = await engine.open(url, attackSecret)
  })
  afterEach(async () => {
    await session.close()
    unmount?.()
    unmount = undefined
    loop.detach()
  })
  const mount = (options?: string) => {
    unmount = mountAt(loop.path, join(folder.path, 'mount'), options)
  }

  test('that is mounted for writing is refused, unless it is to be read all the same', async () => {
    mount()
    const refused = { code: 'source.inUse', message: expect.stringContaining(join(folder.path, 'mount')) }
    await expect(session.backup(loop.path, { name: 'disk' })).rejects.toMatchObject(refused)
    await expect(engine.previewSource(loop.path, { repositories: [] })).rejects.toMatchObject(refused)
    expect(await session.versions()).toEqual([])
    const read = await session.backup(loop.path, { name: 'disk', whileInUse: true })
    expect(read).toMatchObject({ status: 'complete', consistency: 'read-while-in-use' })
  })

  test('that is mounted read-only or not at all is read', async () => {
    mount('ro')
    expect(await session.backup(loop.path, { name: 'disk' })).toMatchObject({ consistency: 'consistent' })
    unmount!()
    unmount = undefined
    expect(await session.backup(loop.path, { name: 'disk' })).toMatchObject({ consistency: 'consistent' })
  })

  test('would not be frozen in a snapshot when a program has it open to write, such as a virtual machine', async () => {
    const judge = () => judgeMoment(loop.path, systemAccess)
    const reading = await open(loop.path, 'r')
    expect(await judge()).toEqual({ consistency: 'consistent', frozen: false })
    await reading.close()
    const writing = await open(loop.path, 'r+')
    expect(await judge()).toEqual({ consistency: 'crash-consistent', frozen: false })
    await writing.close()
  })

  test('would be frozen in a snapshot when a file system is mounted from it, and from nothing on it', async () => {
    const judge = () => judgeMoment(loop.path, systemAccess)
    expect(await judge()).toEqual({ consistency: 'consistent', frozen: false })
    mount()
    expect(await judge()).toEqual({ consistency: 'consistent', frozen: true })
    unmount!()
    const partition = loop.addPartition(0, 16 * 1024 * 1024)
    unmount = mountAt(partition, join(folder.path, 'mount'))
    expect(await judge()).toEqual({ consistency: 'crash-consistent', frozen: false })
  })
})
