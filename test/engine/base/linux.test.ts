import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../engine/base/command.ts'
import { type Libc, type LibcFunction, loadLibc } from '../../../engine/base/linux/libc.ts'
import { createLinuxCalls, linux } from '../../../engine/base/linux.ts'
import { attachLoop, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

async function withFile<T>(flags: string, use: (file: FileHandle, path: string) => Promise<T>): Promise<T> {
  const path = join(folder.path, 'file')
  await writeFile(path, Buffer.alloc(4 * MiB, 5), { flag: 'a' })
  const file = await open(path, flags)
  try {
    return await use(file, path)
  } finally {
    await file.close()
  }
}

const bytesAt = async (file: FileHandle, offset: number, length: number) => {
  const buffer = Buffer.alloc(length)
  await file.read(buffer, 0, length, offset)
  return buffer
}
const usedBytes = async (file: FileHandle) => (await file.stat()).blocks * 512

describe('Linux calls on files', () => {
  it('punch a hole, keep the size, and find data and holes afterwards', () =>
    withFile('r+', async file => {
      expect(await linux.punchHole(file.fd, MiB, 2 * MiB)).toBe('done')
      expect((await file.stat()).size).toBe(4 * MiB)
      expect(await usedBytes(file)).toBeLessThanOrEqual(2 * MiB + 65_536)
      expect((await bytesAt(file, MiB, 2 * MiB)).equals(Buffer.alloc(2 * MiB))).toBe(true)
      expect(linux.nextHole(file.fd, 0)).toBe(MiB)
      expect(linux.nextHole(file.fd, 3 * MiB)).toBe(4 * MiB)
      expect(linux.nextData(file.fd, 100)).toBe(100)
      expect(linux.nextData(file.fd, MiB)).toBe(3 * MiB)
      expect(linux.nextData(file.fd, 4 * MiB)).toBe('none')
      expect(linux.nextHole(file.fd, 5 * MiB)).toBe('none')
    }))

  it('zero a range and keep its space', () =>
    withFile('r+', async file => {
      expect(await linux.zeroRange(file.fd, MiB, 2 * MiB)).toBe('done')
      expect(await bytesAt(file, MiB - 1, 2)).toEqual(Buffer.from([5, 0]))
      expect(await bytesAt(file, 3 * MiB - 1, 2)).toEqual(Buffer.from([0, 5]))
      expect(await usedBytes(file)).toBeGreaterThanOrEqual(4 * MiB)
    }))

  it('do nothing for a range of no length, which the kernel would refuse or take for the rest of the file', () =>
    withFile('r+', async file => {
      expect(await linux.punchHole(file.fd, 0, 0)).toBe('done')
      expect(await linux.zeroRange(file.fd, 0, 0)).toBe('done')
      expect(await linux.forgetPages(file.fd, 0, 0)).toBe('done')
      expect(await linux.zeroBlockDevice(file.fd, 0, 0)).toBe('done')
      expect(linux.countCachedPages(file.fd, 0, 0)).toBe(0)
      expect(linux.listCachedPages(file.fd, 0, 0)).toEqual(new Uint8Array(0))
      expect(await bytesAt(file, 0, 1)).toEqual(Buffer.from([5]))
    }))

  it('agree on which pages are cached', () =>
    withFile('r+', async file => {
      await file.sync()
      const pages = linux.listCachedPages(file.fd, MiB, 2 * MiB)
      expect(pages).toHaveLength((2 * MiB) / linux.pageBytes())
      const listed = (pages as Uint8Array).reduce((sum, page) => sum + page, 0)
      const counted = linux.countCachedPages(file.fd, MiB, 2 * MiB)
      // Kernels before 6.5 cannot count.
      if (counted !== 'unsupported') expect(counted).toBe(listed)
      expect(await linux.forgetPages(file.fd, 0, 4 * MiB)).toBe('done')
    }))

  it('answer that a file is no block device', () =>
    withFile('r+', async file => {
      expect(linux.blockDeviceSize(file.fd)).toBe('unsupported')
      expect(linux.blockDeviceSectorSize(file.fd)).toBe('unsupported')
      expect(linux.blockDeviceIsReadOnly(file.fd)).toBe('unsupported')
      expect(await linux.zeroBlockDevice(file.fd, 0, 4096)).toBe('unsupported')
    }))

  it('lock a file for one open of it at a time, until that is closed', () =>
    withFile('r+', async (file, path) => {
      expect(linux.lockFile(file.fd)).toBe('done')
      expect(linux.lockFile(file.fd)).toBe('done')
      const other = await open(path, 'r')
      try {
        expect(linux.lockFile(other.fd)).toBe('taken')
        await file.close()
        expect(linux.lockFile(other.fd)).toBe('done')
      } finally {
        await other.close()
      }
    }))

  it('share a lock, and let nobody have it alone meanwhile', () =>
    withFile('r+', async (file, path) => {
      const [second, third] = [await open(path, 'r'), await open(path, 'r')]
      try {
        expect(linux.lockFile(file.fd, 'shared')).toBe('done')
        expect(linux.lockFile(second.fd, 'shared')).toBe('done')
        expect(linux.lockFile(third.fd)).toBe('taken')
      } finally {
        await second.close()
        await third.close()
      }
    }))

  it('throw real failures with the name of the error', () =>
    withFile('r', async file => {
      await expect(linux.punchHole(file.fd, 0, 4096)).rejects.toMatchObject({ code: 'EBADF', syscall: 'fallocate' })
      expect(() => linux.nextData(-1, 0)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'lseek' }))
      expect(() => linux.socketPeer(file.fd)).toThrow(expect.objectContaining({ code: 'ENOTSOCK' }))
      expect(() => linux.lockFile(-1)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'flock' }))
      await expect(linux.forgetPages(-1, 0, 1)).rejects.toMatchObject({ code: 'EBADF', syscall: 'posix_fadvise' })
    }))

  it('know the size of a page', async () => {
    const { stdout } = await runCommand('getconf', ['PAGESIZE'], { failureCode: 'internal.bug' })
    expect(linux.pageBytes()).toBe(Number(stdout.toString()))
  })
})

describe('Linux calls on threads', () => {
  const inNewProcess = async (script: string) => {
    const href = new URL('../../../engine/base/linux.ts', import.meta.url).href
    const whole = `import { linux } from ${JSON.stringify(href)}; import { readFileSync } from 'node:fs'; ${script}`
    const { stdout } = await runCommand(process.execPath, ['--input-type=module', '--eval', whole], {
      failureCode: 'internal.bug',
    })
    return JSON.parse(stdout.toString())
  }

  it('make the calling thread nice and no other', async () => {
    const niceness = await inNewProcess(`
      import { readdirSync } from 'node:fs'
      const done = linux.setNiceness(19)
      const all = readdirSync('/proc/self/task').map(id => {
        const text = readFileSync('/proc/self/task/' + id + '/stat', 'utf8')
        return [Number(id) === process.pid, Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])]
      })
      console.log(JSON.stringify({ done, own: all.filter(one => one[0]), others: all.filter(one => !one[0]) }))`)
    expect(niceness.done).toBe('done')
    expect(niceness.own).toEqual([[true, 19]])
    expect(niceness.others.length).toBeGreaterThan(0)
    for (const other of niceness.others) expect(other[1]).not.toBe(19)
  })

  it('change how a thread is served by the disks, and change it back', async () => {
    const steps = await inNewProcess(`
      const before = linux.ioPriority(process.pid)
      const set = linux.setIoPriority(process.pid, { class: 'idle', level: 0 })
      const meanwhile = linux.ioPriority(process.pid)
      const back = linux.setIoPriority(process.pid, before)
      console.log(JSON.stringify({ before, set, meanwhile, back, after: linux.ioPriority(process.pid) }))`)
    expect(steps).toMatchObject({ set: 'done', meanwhile: { class: 'idle' }, back: 'done' })
    expect(steps.after).toEqual(steps.before)
  })
})

describe('Linux calls that are refused', () => {
  const libcThatAnswers = (errno: string): Libc => ({
    now: () => ({ value: -1, errno }),
    later: async () => ({ value: -1, errno }),
  })
  const everyCall = async (load: () => Libc | undefined) => {
    const calls = createLinuxCalls(load)
    return [
      calls.nextData(0, 0),
      calls.nextHole(0, 0),
      calls.countCachedPages(0, 0, 1),
      calls.listCachedPages(0, 0, 1),
      calls.blockDeviceSize(0),
      calls.blockDeviceSectorSize(0),
      calls.blockDeviceIsReadOnly(0),
      calls.socketPeer(0),
      calls.lockFile(0),
      calls.setNiceness(19),
      calls.ioPriority(0),
      calls.setIoPriority(0, { class: 'idle', level: 0 }),
      await calls.forgetPages(0, 0, 1),
      await calls.punchHole(0, 0, 1),
      await calls.zeroRange(0, 0, 1),
      await calls.zeroBlockDevice(0, 0, 1),
    ]
  }

  it('to a thread that has ended or may not change answer that they are unsupported', () => {
    const calls = (errno: string) => createLinuxCalls(() => libcThatAnswers(errno))
    expect(calls('EACCES').setNiceness(-20)).toBe('unsupported')
    expect(calls('ESRCH').ioPriority(1)).toBe('unsupported')
    expect(calls('ESRCH').setIoPriority(1, { class: 'idle', level: 0 })).toBe('unsupported')
  })

  it.each(['ENOSYS', 'EOPNOTSUPP', 'EINVAL', 'ENOTTY', 'EPERM'])(
    'with %s answer that they are unsupported',
    async errno => {
      expect(new Set(await everyCall(() => libcThatAnswers(errno)))).toEqual(new Set(['unsupported']))
    },
  )

  it('because the native module is missing answer that they are unsupported', async () => {
    expect(new Set(await everyCall(() => undefined))).toEqual(new Set(['unsupported']))
    expect(createLinuxCalls(() => undefined).pageBytes()).toBe(4096)
  })

  it('because mincore is refused give the mapping back', () => {
    const made: LibcFunction[] = []
    const calls = createLinuxCalls(() => ({
      now: name => {
        made.push(name)
        return name === 'mincore' ? { value: -1, errno: 'EPERM' } : { value: 4096, errno: undefined }
      },
      later: async () => ({ value: 0, errno: undefined }),
    }))
    expect(calls.listCachedPages(0, 0, 4096)).toBe('unsupported')
    expect(made.filter(name => name === 'mmap' || name === 'munmap')).toEqual(['mmap', 'munmap'])
  })
})

describe('the native module', () => {
  it('is not loaded before the first call, and then once', () => {
    let loads = 0
    const calls = createLinuxCalls(() => {
      loads++
      return loadLibc()
    })
    expect(loads).toBe(0)
    calls.pageBytes()
    calls.pageBytes()
    expect(loads).toBe(1)
  })

  it('is not part of importing the calls', async () => {
    const script = `
      await import(${JSON.stringify(new URL('../../../engine/base/linux.ts', import.meta.url).href)})
      const { readFileSync } = await import('node:fs')
      process.stdout.write(String(readFileSync('/proc/self/maps', 'utf8').includes('koffi')))`
    const { stdout } = await runCommand(process.execPath, ['--input-type=module', '--eval', script], {
      failureCode: 'internal.bug',
    })
    expect(stdout.toString()).toBe('false')
    // The same look does see it where it was loaded.
    linux.pageBytes()
    expect(await readFile('/proc/self/maps', 'utf8')).toContain('koffi')
  })
})

describe.skipIf(noLoopDevices)('Linux calls on block devices', () => {
  const attach = async (...options: string[]) => {
    const path = join(folder.path, 'image')
    await writeFile(path, Buffer.alloc(4 * MiB, 5))
    return attachLoop(path, ...options)
  }

  it('tell size, sector size and write protection', async () => {
    const plain = await attach()
    const other = await attach('--read-only', '--sector-size', '4096')
    const files = await Promise.all([open(plain.path), open(other.path)])
    try {
      expect(files.map(({ fd }) => linux.blockDeviceSize(fd))).toEqual([4 * MiB, 4 * MiB])
      expect(files.map(({ fd }) => linux.blockDeviceSectorSize(fd))).toEqual([512, 4096])
      expect(files.map(({ fd }) => linux.blockDeviceIsReadOnly(fd))).toEqual([false, true])
      expect(files.map(({ fd }) => linux.nextData(fd, 0))).toEqual(['unsupported', 'unsupported'])
    } finally {
      await Promise.all(files.map(file => file.close()))
      plain.detach()
      other.detach()
    }
  })

  it('zero a range, by discarding it or by writing, and nothing beside it', async () => {
    const loop = await attach()
    const file = await open(loop.path, 'r+')
    try {
      expect(await linux.punchHole(file.fd, MiB, MiB)).toBe('done')
      expect(await linux.zeroBlockDevice(file.fd, 3 * MiB, 512)).toBe('done')
      const expected = Buffer.alloc(4 * MiB, 5)
        .fill(0, MiB, 2 * MiB)
        .fill(0, 3 * MiB, 3 * MiB + 512)
      expect((await bytesAt(file, 0, 4 * MiB)).equals(expected)).toBe(true)
      await file.sync()
      expect((await readFile(join(folder.path, 'image'))).equals(expected)).toBe(true)
    } finally {
      await file.close()
      loop.detach()
    }
  })
})
