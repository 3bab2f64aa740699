import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger } from '../../../../engine/base/logger.ts'
import type { AccessAction, AccessDetails } from '../../../../engine/helper/access/actions.ts'
import { AuditTrail } from '../../../../engine/helper/access/audit.ts'
import { auditingAuthoriser } from '../../../../engine/helper/access/auditing.ts'
import { Erasing, type Erasure } from '../../../../engine/helper/access/erasing.ts'
import { localAuthoriser, onlyUser } from '../../../../engine/helper/access/localPolicy.ts'
import { RotatingFile } from '../../../../engine/helper/access/rotatingFile.ts'
import type { Peer } from '../../../../engine/rpc/peer.ts'
import { alice, fakeProcesses, twoProcesses } from '../../../support/fakeProcesses.ts'
import { FakeTime } from '../../../support/fakeTime.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const version: Erasure = { kind: 'version', version: 'root of 1 May' }
const disk: Erasure = { kind: 'disk', removable: true, device: 'Samsung T7', serial: '', version: 'root of 1 May' }
const socketPeer: Peer = { transport: 'unix', process: { ...alice, gid: 1000 } }

/** A service for the user 1000 alone, or for another one. */
function make(uid = 1000) {
  const clock = new FakeTime(0)
  const logger = createLogger({ write: () => undefined, now: clock.now })
  const file = (name: string) => new RotatingFile({ path: join(folder.path, name), maxBytes: 10_000, keep: 1 })
  const trail = new AuditTrail({ erases: file('erases'), denials: file('denials'), clock, logger })
  const facts = fakeProcesses(twoProcesses())
  const asked: [AccessAction, AccessDetails][] = []
  const local = localAuthoriser(onlyUser(uid), { processFacts: facts })
  const watched = {
    authorise: (...request: Parameters<typeof local.authorise>) => {
      asked.push([request[1], request[2]])
      return local.authorise(...request)
    },
  }
  const authoriser = auditingAuthoriser(watched, { trail, logger, processFacts: facts })
  return { erasing: new Erasing({ authoriser, trail, processFacts: facts }), asked }
}
const lines = async (name: string) => {
  const text = await readFile(join(folder.path, name), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

test('who may erase is asked for what is lost, and both the permission and the deed are written down', async () => {
  const { erasing, asked } = make()
  await erasing.authorise(socketPeer, version)
  await erasing.record(socketPeer, version, 'done')
  await erasing.authorise(socketPeer, disk)
  await erasing.record(socketPeer, disk, 'failed', 'target.writeFailed')
  expect(asked).toEqual([
    ['delete-version', { version: 'root of 1 May' }],
    ['erase-removable', { device: 'Samsung T7', serial: 'none', version: 'root of 1 May' }],
  ])
  const who = { uid: 1000, pid: 50, session: 'session-3', version: 'root of 1 May' }
  expect(await lines('erases')).toMatchObject([
    { ...who, action: 'delete-version', result: 'allowed' },
    { ...who, action: 'delete-version', result: 'done' },
    { ...who, action: 'erase-removable', result: 'allowed' },
    { ...who, action: 'erase-removable', result: 'failed', reason: 'target.writeFailed' },
  ])
})

test('others are refused, and so is who cannot be told', async () => {
  const { erasing } = make(1001)
  await expect(erasing.authorise(socketPeer, version)).rejects.toMatchObject({ code: 'access.denied' })
  await expect(erasing.authorise({ transport: 'unix' }, version)).rejects.toMatchObject({ code: 'access.denied' })
  expect(await lines('erases')).toEqual([])
  expect(await lines('denials')).toMatchObject([{ action: 'delete-version', result: 'denied', uid: 1000 }])
})

test('who has started this process may erase, and leaves a trace all the same', async () => {
  const { erasing, asked } = make(1001)
  await erasing.authorise({ transport: 'stdio' }, disk)
  expect(asked).toEqual([])
  expect(await lines('erases')).toMatchObject([{ pid: process.pid, action: 'erase-removable', result: 'allowed' }])
})
