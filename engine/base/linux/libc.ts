import { createRequire } from 'node:module'

/** A foreign function called on this thread, or on a worker thread through `async`. */
interface ForeignFunction {
  (...args: unknown[]): unknown
  async(...args: [...unknown[], (error: Error | null, result: unknown) => void]): void
}

/**
 * The system calls that Node does not offer, straight from the C library.
 *
 * `now` runs on the calling thread and is for calls that return at once. `later` runs on a worker thread and is for calls
 * that may wait for a disk. Both give the call's result and, when that is negative, the name of its errno.
 */
export interface Libc {
  now(name: LibcFunction, ...args: unknown[]): LibcResult
  later(name: LibcFunction, ...args: unknown[]): Promise<LibcResult>
}

export interface LibcResult {
  value: number
  /** 'EIO' and so on; undefined when the call succeeded. */
  errno: string | undefined
}

/**
 * 64-bit Linux only: there off_t is 64 bits wide under the plain names, and the variadic `ioctl` and `syscall` take their
 * arguments in the same registers as any other function, which is what lets them be called on a worker thread.
 */
const declarations = {
  lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
  posix_fadvise: 'int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)',
  fallocate: 'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
  ioctl: 'int ioctl(int fd, unsigned long request, void *argument)',
  // Only ever called for cachestat, hence the named shape; and below for ioprio_get and ioprio_set.
  syscall: 'long syscall(long number, int fd, void *range, void *result, unsigned int flags)',
  syscallOfNumbers: 'long syscall(long number, int first, int second, int third)',
  setpriority: 'int setpriority(int which, unsigned int who, int niceness)',
  mmap: 'intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(intptr_t address, size_t length)',
  mincore: 'int mincore(intptr_t address, size_t length, void *vector)',
  getpagesize: 'int getpagesize(void)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  renameat2: 'int renameat2(int fromFd, const uint8_t *from, int toFd, const uint8_t *to, unsigned int flags)',
  flock: 'int flock(int fd, int operation)',
} as const

export type LibcFunction = keyof typeof declarations

/**
 * Binds the C library, or gives undefined where that is impossible (another system, a missing or foreign native module).
 * Costs several milliseconds, so callers do it when the first call is needed.
 */
export function loadLibc(): Libc | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    const functions = new Map<LibcFunction, ForeignFunction>()
    for (const [name, declaration] of Object.entries(declarations)) {
      functions.set(name as LibcFunction, library.func(declaration) as unknown as ForeignFunction)
    }
    const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]))
    // EOPNOTSUPP and EAGAIN have two names each; the one that Node uses must win.
    for (const name of ['EOPNOTSUPP', 'EAGAIN']) names.set(koffi.os.errno[name] ?? -1, name)
    const nameOf = (number: number) => names.get(number) ?? `E${number}`

    const result = (name: LibcFunction, returned: unknown): LibcResult => {
      const value = Number(returned)
      // posix_fadvise is the one that returns its errno.
      if (name === 'posix_fadvise') return { value, errno: value === 0 ? undefined : nameOf(value) }
      return { value, errno: value < 0 ? nameOf(koffi.errno()) : undefined }
    }
    return {
      now: (name, ...args) => result(name, functions.get(name)!(...args)),
      later: (name, ...args) =>
        new Promise((resolve, reject) => {
          functions.get(name)!.async(...args, (error: Error | null, returned: unknown) => {
            // errno is only right inside this callback.
            if (error) reject(error)
            else resolve(result(name, returned))
          })
        }),
    }
  } catch {
    return undefined
  }
}
