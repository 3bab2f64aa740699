import { execFileSync } from 'node:child_process'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { randomHex } from '../../engine/base/random.ts'
import type { DriveDevice } from '../../engine/contract/drives.ts'
import { readInventory } from '../../engine/drives/readInventory.ts'
import { endedRun, type HelperClient } from './daemon.ts'
import { attachLoop, type LoopDevice, makeFileSystem } from './loopDevice.ts'

const MiB = 1024 * 1024

/** Loop devices as drives, and what a helper makes of them. Call `clear` when done. */
export class DriveWorld {
  readonly #folder: string
  readonly #loops = new Set<LoopDevice>()
  readonly #images = new Map<LoopDevice, string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A drive that is not mounted: of zeros, or with a new ext4. Options are those of losetup(8). */
  async attach(sizeMiB: number, content: 'nothing' | 'ext4' = 'nothing', ...options: string[]): Promise<LoopDevice> {
    const image = join(this.#folder, `drive-${randomHex(4)}`)
    await writeFile(image, '')
    await truncate(image, sizeMiB * MiB)
    if (content === 'ext4') makeFileSystem(image)
    return this.#attach(image, ...options)
  }

  /** The same drive once more, after it was taken away. */
  again(loop: LoopDevice): LoopDevice {
    return this.#attach(this.#images.get(loop)!)
  }

  #attach(image: string, ...options: string[]): LoopDevice {
    const loop = attachLoop(image, ...options)
    this.#loops.add(loop)
    this.#images.set(loop, image)
    return loop
  }

  detach(loop: LoopDevice): void {
    if (this.#loops.delete(loop)) loop.detach()
  }

  /** Unmounts what is mounted below the folder of the test, and takes all devices away. */
  clear(): void {
    const mounts = execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' })
      .split('\n')
      .map(line => line.split(' ')[4] ?? '')
      .filter(point => point.startsWith(`${this.#folder}/`))
    for (const point of mounts.reverse()) execFileSync('umount', ['-l', point])
    for (const loop of [...this.#loops]) this.detach(loop)
  }
}

/** The device as an inventory offers it. */
export async function deviceOf({ path }: Pick<LoopDevice, 'path'>): Promise<DriveDevice> {
  const { devices } = await readInventory()
  return devices.find(device => device.path === path)!
}

/** Waits until nobody has a device mounted any more: a helper looks into what is new in the background. */
export async function unmounted(loop: Pick<LoopDevice, 'path'>): Promise<void> {
  while ((await deviceOf(loop)).mountPoints.length > 0) await systemClock.sleep(20)
}

/** A folder with a repository, a job that has stored an image in it, and the id of that version. */
export async function makeVersion(
  client: HelperClient,
  folder: string,
  content: Uint8Array,
  settings: Record<string, unknown> = {},
) {
  const place = join(folder, 'backups')
  const image = join(folder, 'source.img')
  await mkdir(place, { recursive: true })
  await writeFile(image, content)
  const { destination, recoveryPhrase } = await client.call('destinations.create', {
    name: 'backups',
    place: { kind: 'folder', path: place },
    passphrase: 'open sesame',
  })
  const { source } = await client.call('sources.offerFile', { path: image })
  const { job } = await client.call('jobs.create', {
    settings: {
      name: 'Disk',
      sources: [{ source, name: 'disk' }],
      destinations: [destination.id],
      schedule: null,
      ...settings,
    },
  })
  await client.call('jobs.run', { job: job.id })
  const run = await endedRun(client, job.id)
  return { destination, recoveryPhrase, job, run, version: run.parts[0]!.version!, image }
}
