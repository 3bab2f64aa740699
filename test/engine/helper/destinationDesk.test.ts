import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DriveMounter } from '../../../engine/drives/driveMounter.ts'
import { DestinationDesk } from '../../../engine/helper/destinationDesk.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { driveId, listeningLogger } from '../../support/fakeDrives.ts'
import { FakeTime } from '../../support/fakeTime.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { makeDestination } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const drive = driveId('usb')
const never = new AbortController().signal
let stores: ReturnType<typeof openJobStores>
let done: string[]
let desk: DestinationDesk

/** A drive that is mounted when somebody wants it, and tells what is done with it. */
const mounter = {
  mountFor: async () => {
    done.push('mount')
    return { state: 'connected', path: '/mnt/usb', drive }
  },
  release: async () => {
    done.push('unmount')
    return true
  },
  eject: async () => {
    done.push('eject')
    return { unmounted: [], poweredOff: true, note: null }
  },
} as unknown as DriveMounter

const destination = makeDestination({ url: '/mnt/usb', ejectAfterBackup: true, mayMount: true })

beforeEach(async () => {
  done = []
  stores = openJobStores(folder.path)
  stores.destinations.put(destination)
  const secrets = new MemorySecrets()
  await secrets.put(destination.id, 'passphrase', Buffer.from('open sesame'))
  const { logger } = listeningLogger()
  desk = new DestinationDesk({ destinations: stores.destinations, secrets, mounter, clock: new FakeTime(0), logger })
})
afterEach(() => void stores.db.close())

test('a drive is ejected after a backup, and only let go of after a look', async () => {
  await (await desk.connect(destination, never, { stays: true })).release()
  expect(done).toEqual(['mount', 'unmount'])
  await (await desk.connect(destination, never)).release()
  expect(done.slice(2)).toEqual(['mount', 'eject'])
})

test('a drive that two use is let go of by the last one, and then ejected if one of them was a backup', async () => {
  const backup = await desk.connect(destination, never)
  const look = await desk.connect(destination, never, { stays: true })
  await backup.release()
  expect(done).toEqual(['mount', 'mount'])
  await look.release()
  expect(done).toEqual(['mount', 'mount', 'eject'])
})

test('nothing is unmounted under somebody who is about to be told that it is there', async () => {
  const look = () => desk.connect(destination, never, { stays: true })
  for (const ticks of [0, 1, 2, 5, 10]) {
    const first = await look()
    const coming = look()
    for (let i = 0; i < ticks; i++) await Promise.resolve()
    const [second] = await Promise.all([coming, first.release()])
    expect(done.at(-1)).toBe('mount')
    await second.release()
    expect(done.at(-1)).toBe('unmount')
  }
})
