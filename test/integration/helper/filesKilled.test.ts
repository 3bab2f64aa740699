import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { DaemonProcess } from '../../support/daemon.ts'
import { bash } from '../../support/diskImages.ts'
import { makeVersion } from '../../support/driveWorld.ts'
import { noLoopDevices } from '../../support/loopDevice.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const why =
  noLoopDevices ?? missingProgram('nbdfuse') ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')
const MiB = 1024 * 1024
const folder = useTemporaryFolder()

/** Folders of files, some large, and a file that takes the place of a folder. */
function makeDisk(image: string): void {
  writeFileSync(image, '')
  truncateSync(image, 130 * MiB)
  execFileSync('sfdisk', ['--quiet', image], { input: 'label: gpt\nsize=128M,type=L\n' })
  bash(
    `loop=$(losetup --find --show --offset $2 --sizelimit $3 "$1"); folder=$(mktemp -d)
     trap 'losetup --detach $loop; rmdir $folder' EXIT
     mkfs.ext4 -q $loop; mount $loop $folder
     mkdir -p $folder/home/many
     for i in $(seq 300); do head -c 20000 /dev/urandom >$folder/home/many/$i; done
     for i in 1 2 3; do head -c 20M /dev/urandom >$folder/home/large-$i; done
     echo file >$folder/home/changed
     umount $folder`,
    ...[image, String(MiB), String(128 * MiB)],
  )
}

/** What is on the disk under these paths, with their sums. */
const sumsOf = (root: string): Record<string, string> =>
  Object.fromEntries(
    bash('cd "$1"; find . -type f -not -path "*/.holdfast-*" -print0 | xargs -0r sha256sum', root)
      .split('\n')
      .filter(Boolean)
      .map(line => [line.slice(66), line.slice(0, 64)]),
  )

test.skipIf(why !== undefined)(
  'a helper that is killed while it copies files out leaves no half-written one under its name, and nothing else once it runs again',
  async () => {
    const image = join(folder.path, 'made.img')
    makeDisk(image)
    const expected = bash(
      `folder=$(mktemp -d); mount -o ro,noload,loop,offset=$2 "$1" $folder; trap 'umount $folder; rmdir $folder' EXIT
       cd $folder; find home -type f -print0 | xargs -0 sha256sum; cd /`,
      ...[image, String(MiB)],
    )
    const wanted = new Map(
      expected
        .split('\n')
        .filter(Boolean)
        .map(line => [`./${line.slice(66)}`, line.slice(0, 64)]),
    )
    const daemon = new DaemonProcess(folder.path)
    await daemon.start()
    let client = await daemon.connect()
    try {
      const { version } = await makeVersion(client, folder.path, readFileSync(image))
      const target = join(folder.path, 'target')
      await mkdir(join(target, 'home/changed'), { recursive: true })
      writeFileSync(join(target, 'home/changed/mine'), 'mine')
      writeFileSync(join(target, 'home/other'), 'other')
      const staged = () => readdirSync(target).filter(name => name.startsWith('.holdfast-'))
      let killed = 0
      // The first one as soon as there is anything of it, the others later and later.
      for (const delayMs of [0, 20, 60, 120, 200, 300]) {
        const { attachment } = await client.call('files.open', { destination: 'backups', version })
        const { planId } = await client.call('files.planRestore', {
          ...{ attachment, volume: 'p1', paths: ['home'], folder: target, existing: 'replace' },
        })
        const { run } = await client.call('files.startRestore', { planId })
        for (;;) {
          const { state } = (await client.call('runs.get', { run })).run
          if (state !== 'running' || staged().length > 0) break
          await systemClock.sleep(1)
        }
        await systemClock.sleep(delayMs)
        client.close()
        await daemon.kill()
        await daemon.start()
        client = await daemon.connect()
        const { state } = (await client.call('runs.get', { run })).run
        expect(['interrupted', 'complete']).toContain(state)
        if (state === 'interrupted') killed++
        await expect.poll(staged, { timeout: 60_000 }).toEqual([])
        await expect.poll(() => readdirSync(join(folder.path, 'state/attachments')), { timeout: 60_000 }).toEqual([])
        const found = sumsOf(target)
        const { './home/other': other, './home/changed/mine': mine, ...copied } = found
        expect(other).toBeDefined()
        for (const [name, sum] of Object.entries(copied)) expect(`${name} ${sum}`).toBe(`${name} ${wanted.get(name)}`)
        // What was there is there until it is replaced, at once.
        expect(mine !== undefined || './home/changed' in copied).toBe(true)
      }
      expect(killed).toBeGreaterThanOrEqual(2)
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder.path)
    } finally {
      client.close()
      await daemon.stop()
    }
  },
)
