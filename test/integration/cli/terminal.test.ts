import { execFileSync } from 'node:child_process'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { inTerminal, noTerminal } from '../../support/terminal.ts'

const folder = useTemporaryFolder()
const mib = 1024 ** 2

let env: Record<string, string>
/** Without a passphrase, so that Holdfast has to ask. */
let silent: Record<string, string>
beforeEach(() => {
  env = placeIn(folder.path)
  const { HOLDFAST_PASSPHRASE: _, ...rest } = env
  silent = rest
})

describe.skipIf(noTerminal !== undefined)('in a terminal', () => {
  test('init asks twice, shows nothing of the answers, and they open the repository', async () => {
    const init = inTerminal(['init'], silent)
    await init.answer('New passphrase: ', 'öpen sesamee\x7f\r')
    await init.answer('Once more: ', 'öpen sesame\r')
    const made = await init.end
    expect(made.code).toBe(0)
    expect(made.screen).not.toContain('sesam')
    expect(made.screen).toMatch(/24\. [a-z]+/)

    const versions = inTerminal(['versions'], silent)
    await versions.answer('Passphrase or recovery phrase of ', 'nonsense\r')
    await versions.answer('Try again.', '')
    await versions.answer('Passphrase or recovery phrase of ', 'öpen sesame\r')
    const { code, screen } = await versions.end
    expect([code, screen.includes('There are no versions yet.')]).toEqual([0, true])
    expect((await holdfast(['stats'], { env: { ...silent, HOLDFAST_PASSPHRASE: 'öpen sesame' } })).code).toBe(0)
  })

  test('Ctrl-C at the question ends it with 130', async () => {
    const init = inTerminal(['init'], silent)
    await init.answer('New passphrase: ', 'half a pass\x03')
    expect(await init.end).toMatchObject({ code: 130, screen: expect.stringContaining('Nothing was done.') })
  })

  test('a backup draws its progress on one line and wipes it away', async () => {
    expect((await holdfast(['init'], { env })).code).toBe(0)
    const disk = join(folder.path, 'disk.img')
    await writeFile(disk, Buffer.alloc(8 * mib, 'holdfast'))
    const { code, screen } = await inTerminal(['backup', disk, '--limit-read', '4M'], env).end
    expect(code).toBe(0)
    expect(screen).toMatch(/\rReading .*MiB of 8 MiB/)
    const [progress, result] = screen.split('\r\x1b[KBacked up')
    expect(progress).not.toContain('\n')
    expect(result).toContain('as version')
    const quiet = await inTerminal(['backup', disk, '--quiet'], env).end
    expect(quiet).toEqual({ code: 0, screen: '' })
  })

  test('errors are in colour, and not with --no-color', async () => {
    expect((await inTerminal(['versions'], { ...env, HOLDFAST_REPO: '/nowhere' }).end).screen).toContain(
      '\x1b[31mholdfast:',
    )
    const plain = await inTerminal(['versions', '--no-color'], { ...env, HOLDFAST_REPO: '/nowhere' }).end
    expect(plain.screen).toMatch(/^holdfast: /)
  })
})

describe.skipIf(noTerminal !== undefined || noLoopDevices !== undefined)('restoring to a disk', () => {
  let disk: string
  beforeEach(async () => {
    expect((await holdfast(['init'], { env })).code).toBe(0)
    disk = join(folder.path, 'disk.img')
    await writeFile(disk, Buffer.alloc(8 * mib, 'what was backed up'))
    expect((await holdfast(['backup', disk], { env })).code).toBe(0)
  })

  /** A disk of 16 MiB with a file system on it, for as long as `use` runs. */
  async function withDevice(use: (path: string, image: string) => Promise<void>): Promise<void> {
    const image = join(folder.path, 'device.img')
    await writeFile(image, '')
    await truncate(image, 16 * mib)
    makeFileSystem(image)
    execFileSync('tune2fs', ['-M', '/mnt/photos', image], { stdio: 'pipe' })
    const loop = attachLoop(image)
    try {
      await use(loop.path, image)
      execFileSync('blockdev', ['--flushbufs', loop.path])
    } finally {
      loop.detach()
    }
  }

  test('shows what will be written over and asks for its name', async () => {
    await withDevice(async (device, image) => {
      const before = await readFile(image)
      const wrong = inTerminal(['restore', 'latest', device], env)
      await wrong.answer(`Type ${basename(device)} to go on`, 'yes\r')
      const refused = await wrong.end
      expect(refused.code).toBe(130)
      expect(refused.screen).toContain(`Everything on ${device} (16 MiB) will be written over`)
      expect(refused.screen).toContain('ext4')
      expect(refused.screen).toContain('LAST MOUNTED')
      expect(refused.screen).toContain('/mnt/photos')
      expect((await readFile(image)).equals(before)).toBe(true)

      const right = inTerminal(['restore', 'latest', device], env)
      await right.answer(`Type ${basename(device)} to go on`, `${basename(device)}\r`)
      const { code, screen } = await right.end
      expect([code, screen.includes(`to ${device}`)]).toEqual([0, true])
      execFileSync('blockdev', ['--flushbufs', device])
      expect((await readFile(image)).subarray(0, 8 * mib).equals(await readFile(disk))).toBe(true)
    })
  })

  test('writes nothing when the disk was changed while it was asked', async () => {
    await withDevice(async (device, image) => {
      const restore = inTerminal(['restore', 'latest', device], env)
      await restore.answer(`Type ${basename(device)} to go on`, '')
      execFileSync('dd', [`of=${device}`, 'bs=512', 'count=1', 'conv=fsync', 'status=none'], { input: 'other' })
      const before = await readFile(image)
      await restore.answer('', `${basename(device)}\r`)
      const { code, screen } = await restore.end
      expect([code, screen.includes(`${device} holds something else now. Nothing was written.`)]).toEqual([77, true])
      expect((await readFile(image)).equals(before)).toBe(true)
    })
  })

  test('does not ask with --force, and refuses without it where nobody can be asked', async () => {
    await withDevice(async device => {
      const script = await holdfast(['restore', 'latest', device], { env })
      expect([script.code, script.stderr.includes('--force')]).toEqual([73, true])
      expect((await inTerminal(['restore', 'latest', device, '--force'], env).end).code).toBe(0)
    })
  })

  test('does not even ask when the disk is mounted, and --force does not help', async () => {
    await withDevice(async device => {
      const mountPoint = join(folder.path, 'mounted')
      await mkdir(mountPoint)
      const unmount = mountAt(device, mountPoint)
      try {
        for (const flags of [[], ['--force'], ['--delta']]) {
          const { code, screen } = await inTerminal(['restore', 'latest', device, ...flags], env).end
          expect([code, screen.includes('is mounted at')]).toEqual([77, true])
        }
      } finally {
        unmount()
      }
    })
  })
})
