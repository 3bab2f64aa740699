import { type Libc, type LibcResult, loadLibc } from './linux/libc.ts'

/** What a call answers where the kernel, the file system, the device or this installation cannot do it. */
export type Unsupported = 'unsupported'

/**
 * Linux calls that Node lacks, on plain file descriptors. Offsets and lengths are bytes.
 *
 * None of them fails because something is not offered: they answer 'unsupported', and the caller has another way. Real
 * failures (EIO, ENOSPC, EBADF …) are thrown as a SystemCallError with the errno's name as its `code`, like Node's own.
 */
export interface LinuxCalls {
  /** Size of a page of memory and of the page cache: 4096 on x86-64, up to 65536 on arm64. */
  pageBytes(): number

  /** First offset at or after `offset` that may hold data; 'none' when only a hole follows. */
  nextData(fd: number, offset: number): number | 'none' | Unsupported
  /** First offset at or after `offset` (inside data or a hole) that is a hole; the end of the file counts as one. */
  nextHole(fd: number, offset: number): number | 'none' | Unsupported

  /** Drops clean cached pages that lie wholly in the range. Advice: it is not an error when the kernel keeps some. */
  forgetPages(fd: number, offset: number, length: number): Promise<'done' | Unsupported>
  /** How many pages of the range are in the page cache. Takes well under a microsecond per megabyte. */
  countCachedPages(fd: number, offset: number, length: number): number | Unsupported
  /**
   * One byte per page of the range, 1 when it is cached. `offset` must be a multiple of the page size. Costs about 5 µs per
   * MiB. To somebody who may neither write the file nor owns it, the kernel says that everything is cached.
   */
  listCachedPages(fd: number, offset: number, length: number): Uint8Array | Unsupported

  /**
   * Makes the range read as zeros and gives its space back; the size stays. On a block device this is a discard that the
   * kernel only does where the device promises zeros. May take long.
   */
  punchHole(fd: number, offset: number, length: number): Promise<'done' | Unsupported>
  /** Makes the range of a file read as zeros and keeps its space; the size stays. */
  zeroRange(fd: number, offset: number, length: number): Promise<'done' | Unsupported>

  /** Capacity of a block device. */
  blockDeviceSize(fd: number): number | Unsupported
  /** Logical sector size of a block device. */
  blockDeviceSectorSize(fd: number): number | Unsupported
  /** Whether the kernel refuses writes to a block device. */
  blockDeviceIsReadOnly(fd: number): boolean | Unsupported
  /** Zeros a range of a block device, by the device or else by writing. Both ends must be multiples of the sector. */
  zeroBlockDevice(fd: number, offset: number, length: number): Promise<'done' | Unsupported>
  /**
   * Asks the kernel to read the partition table of a disk again. 'busy' when somebody uses a partition of the old one; a
   * disk that can have no partitions is 'unsupported'.
   */
  readPartitionTable(fd: number): 'done' | 'busy' | Unsupported

  /** Who opened the other end of a connected Unix socket, as the kernel noted it then; unix(7), SO_PEERCRED. */
  socketPeer(fd: number): SocketPeer | Unsupported
  /** Lets two names of one file system change places, at once and without following links at their ends. */
  exchangeNames(one: Buffer, other: Buffer): 'done' | Unsupported
  /**
   * Takes the lock of an open file for as long as it stays open, or answers 'taken' at once when another process (or
   * another open of this one) has it; flock(2). The kernel lets go when the process dies. Any number may have it shared at a time, and
   * nobody else exclusively meanwhile.
   */
  lockFile(fd: number, how?: 'exclusive' | 'shared'): 'done' | 'taken' | Unsupported

  /**
   * How little the calling thread insists on the processor: -20 to 19; setpriority(2). A greater number than before needs no
   * rights. A refusal is 'unsupported', too: the thread goes on as it was.
   */
  setNiceness(niceness: number): 'done' | Unsupported
  /**
   * Class and level in which the kernel serves what a thread reads and writes; ioprio_get(2). The id is that of
   * /proc/self/task. 'unsupported' also for a thread that has ended.
   */
  ioPriority(thread: number): IoPriority | Unsupported
  /** Changes it. Lowering needs no rights. 'unsupported' also for a thread that has ended. */
  setIoPriority(thread: number, priority: IoPriority): 'done' | Unsupported
}

/** none: as the niceness says. idle: only when nobody else uses the disk. Level 0 to 7, from urgent to not. */
export interface IoPriority {
  class: (typeof ioClasses)[number]
  level: number
}

/** By their numbers in linux/ioprio.h. */
const ioClasses = ['none', 'realtime', 'best-effort', 'idle'] as const

/** Ids as the reading process sees them; pid is 0 for a process that its namespace does not show. */
export interface SocketPeer {
  pid: number
  uid: number
  gid: number
}

/** A system call that failed for real. `code` is the errno's name. */
export class SystemCallError extends Error {
  readonly code: string
  readonly syscall: string

  constructor(syscall: string, code: string) {
    super(`${code}: ${syscall}`)
    this.name = 'SystemCallError'
    this.syscall = syscall
    this.code = code
  }
}

const seekData = 3
const seekHole = 4
const adviceDontNeed = 4
const fallocKeepSize = 1
const fallocPunchHole = 2
const fallocZeroRange = 16
/** linux/fs.h; the same on x86-64 and arm64. */
const ioctls = {
  BLKROGET: 0x125e,
  BLKSSZGET: 0x1268,
  BLKRRPART: 0x125f,
  BLKZEROOUT: 0x127f,
  BLKGETSIZE64: 0x80081272,
}
/** The same number on every architecture, since Linux 6.5. */
const cachestatNumber = 451
const protectionRead = 1
/** asm-generic/socket.h; the same on x86-64 and arm64. */
const solSocket = 1
const soPeerCred = 17
/** Which thread or process: setpriority(2) and ioprio_set(2). On Linux "process 0" is the calling thread alone. */
const priorityOfProcess = 0
const ioPriorityOfProcess = 1
const ioClassShift = 13
/** asm/unistd.h */
const ioPriorityNumbers = process.arch === 'arm64' ? { set: 30, get: 31 } : { set: 251, get: 252 }
/** linux/fcntl.h */
const workingFolder = -100
/** linux/fs.h */
const renameExchange = 2
const lockShared = 1
const lockExclusive = 2
const lockNonBlocking = 4
const mapShared = 1

/**
 * Errnos that mean "not here" and not "it broke". EPERM belongs to them because sandboxes answer so to calls that they do
 * not know, and EINVAL and ENOTTY because drivers and file systems do.
 */
const refusals = new Set(['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOTTY', 'EPERM', 'ENODEV'])

/** Turns a result into its value or 'unsupported', or throws. */
function settle<T>(syscall: string, result: LibcResult, value: (raw: number) => T): T | Unsupported {
  if (result.errno === undefined) return value(result.value)
  if (refusals.has(result.errno)) return 'unsupported'
  throw new SystemCallError(syscall, result.errno)
}

/**
 * Makes the calls over the C library that `load` gives; it is asked once, at the first call. When it gives undefined,
 * every call answers 'unsupported'.
 */
export function createLinuxCalls(load: () => Libc | undefined = loadLibc): LinuxCalls {
  let loaded: { libc: Libc | undefined } | undefined
  const libc = () => {
    loaded ??= { libc: load() }
    return loaded.libc
  }

  const seek = (fd: number, offset: number, whence: number) => {
    const result = libc()?.now('lseek', fd, offset, whence)
    if (result === undefined) return 'unsupported'
    // ENXIO: beyond the end, or (SEEK_DATA) nothing but a hole up to the end.
    return result.errno === 'ENXIO' ? 'none' : settle('lseek', result, raw => raw)
  }
  const ask = (fd: number, request: number, name: string, answer: Buffer) => {
    const result = libc()?.now('ioctl', fd, request, answer)
    return result === undefined ? 'unsupported' : settle(`ioctl ${name}`, result, () => 'done' as const)
  }
  const allocate = async (fd: number, mode: number, offset: number, length: number) => {
    if (length === 0) return 'done'
    const result = await libc()?.later('fallocate', fd, mode, offset, length)
    return result === undefined ? 'unsupported' : settle('fallocate', result, () => 'done' as const)
  }

  const pageBytes = () => libc()?.now('getpagesize').value ?? 4096

  return {
    pageBytes,

    nextData: (fd, offset) => seek(fd, offset, seekData),
    nextHole: (fd, offset) => seek(fd, offset, seekHole),

    async forgetPages(fd, offset, length) {
      // A length of 0 would mean "up to the end".
      if (length === 0) return 'done'
      const result = await libc()?.later('posix_fadvise', fd, offset, length, adviceDontNeed)
      return result === undefined ? 'unsupported' : settle('posix_fadvise', result, () => 'done' as const)
    },
    countCachedPages(fd, offset, length) {
      if (length === 0) return 0
      const range = BigUint64Array.of(BigInt(offset), BigInt(length))
      // struct cachestat: nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted.
      const counts = new BigUint64Array(5)
      const result = libc()?.now('syscall', cachestatNumber, fd, range, counts, 0)
      return result === undefined ? 'unsupported' : settle('cachestat', result, () => Number(counts[0]))
    },
    listCachedPages(fd, offset, length) {
      if (length === 0) return new Uint8Array(0)
      const mapped = libc()?.now('mmap', 0, length, protectionRead, mapShared, fd, offset)
      if (mapped === undefined) return 'unsupported'
      const address = settle('mmap', mapped, raw => raw)
      if (address === 'unsupported') return address
      try {
        const pages = new Uint8Array(Math.ceil(length / pageBytes()))
        const result = libc()!.now('mincore', address, length, pages)
        if (result.errno !== undefined) return settle('mincore', result, () => pages)
        for (let i = 0; i < pages.length; i++) pages[i] = pages[i]! & 1
        return pages
      } finally {
        libc()!.now('munmap', address, length)
      }
    },

    punchHole: (fd, offset, length) => allocate(fd, fallocPunchHole | fallocKeepSize, offset, length),
    zeroRange: (fd, offset, length) => allocate(fd, fallocZeroRange | fallocKeepSize, offset, length),

    blockDeviceSize(fd) {
      const answer = Buffer.alloc(8)
      const done = ask(fd, ioctls.BLKGETSIZE64, 'BLKGETSIZE64', answer)
      return done === 'done' ? Number(answer.readBigUInt64LE()) : done
    },
    blockDeviceSectorSize(fd) {
      const answer = Buffer.alloc(4)
      const done = ask(fd, ioctls.BLKSSZGET, 'BLKSSZGET', answer)
      return done === 'done' ? answer.readInt32LE() : done
    },
    blockDeviceIsReadOnly(fd) {
      const answer = Buffer.alloc(4)
      const done = ask(fd, ioctls.BLKROGET, 'BLKROGET', answer)
      return done === 'done' ? answer.readInt32LE() !== 0 : done
    },
    async zeroBlockDevice(fd, offset, length) {
      if (length === 0) return 'done'
      const range = BigUint64Array.of(BigInt(offset), BigInt(length))
      const result = await libc()?.later('ioctl', fd, ioctls.BLKZEROOUT, range)
      return result === undefined ? 'unsupported' : settle('ioctl BLKZEROOUT', result, () => 'done' as const)
    },

    readPartitionTable(fd) {
      const result = libc()?.now('ioctl', fd, ioctls.BLKRRPART, null)
      if (result === undefined) return 'unsupported'
      return result.errno === 'EBUSY' ? 'busy' : settle('ioctl BLKRRPART', result, () => 'done' as const)
    },

    socketPeer(fd) {
      // struct ucred: pid_t pid, uid_t uid, gid_t gid; all 32 bits wide.
      const answer = new DataView(new ArrayBuffer(12))
      const length = Int32Array.of(answer.byteLength)
      const result = libc()?.now('getsockopt', fd, solSocket, soPeerCred, answer.buffer, length)
      if (result === undefined) return 'unsupported'
      const id = (offset: number) => answer.getUint32(offset, true)
      return settle('getsockopt SO_PEERCRED', result, () => ({ pid: id(0), uid: id(4), gid: id(8) }))
    },
    exchangeNames(one, other) {
      const [from, to] = [one, other].map(name => Buffer.concat([name, Buffer.alloc(1)]))
      const result = libc()?.now('renameat2', workingFolder, from, workingFolder, to, renameExchange)
      return result === undefined ? 'unsupported' : settle('renameat2', result, () => 'done' as const)
    },
    lockFile(fd, how = 'exclusive') {
      const result = libc()?.now('flock', fd, (how === 'shared' ? lockShared : lockExclusive) | lockNonBlocking)
      if (result === undefined) return 'unsupported'
      return result.errno === 'EAGAIN' ? 'taken' : settle('flock', result, () => 'done' as const)
    },

    setNiceness(niceness) {
      const result = libc()?.now('setpriority', priorityOfProcess, 0, niceness)
      if (result === undefined || result.errno === 'EACCES') return 'unsupported'
      return settle('setpriority', result, () => 'done' as const)
    },
    ioPriority(thread) {
      const result = libc()?.now('syscallOfNumbers', ioPriorityNumbers.get, ioPriorityOfProcess, thread, 0)
      if (result === undefined || result.errno === 'ESRCH') return 'unsupported'
      return settle('ioprio_get', result, raw => ({
        class: ioClasses[raw >> ioClassShift] ?? 'none',
        level: raw & 7,
      }))
    },
    setIoPriority(thread, { class: name, level }) {
      // Kernels before 5.18 say that a thread without a class has a level, and refuse to take that back.
      const raw = name === 'none' ? 0 : (ioClasses.indexOf(name) << ioClassShift) | level
      const result = libc()?.now('syscallOfNumbers', ioPriorityNumbers.set, ioPriorityOfProcess, thread, raw)
      if (result === undefined || result.errno === 'ESRCH') return 'unsupported'
      return settle('ioprio_set', result, () => 'done' as const)
    },
  }
}

/** The calls of this process. The native module is loaded at the first one. */
export const linux: LinuxCalls = createLinuxCalls()
