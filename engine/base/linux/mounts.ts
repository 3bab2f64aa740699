/** One line of /proc/self/mountinfo. */
export interface MountLine {
  /** 'major:minor' of the file system; '0:N' for those without a device of their own (btrfs, overlay, tmpfs, NFS). */
  deviceId: string
  mountPoint: string
  fileSystem: string
  /** What was mounted, as far as the file system tells: a device's path, or anything else. */
  source: string
  /** Whether the file system itself is read-only, not just this view of it: only then does nobody write to the device. */
  readOnly: boolean
}

/** Blanks, tabs, newlines and backslashes are octal escapes in the kernel's tables. */
const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

/** Parses /proc/<pid>/mountinfo (proc_pid_mountinfo(5)). Lines that are not understood are left out. */
export function parseMountInfo(text: string): MountLine[] {
  const mounts: MountLine[] = []
  for (const line of text.split('\n')) {
    // Any number of optional fields stands between the options and the lone dash.
    const [view, superblock] = line.split(' - ')
    const [, , deviceId, , mountPoint] = view?.split(' ') ?? []
    const [fileSystem, source, options] = superblock?.split(' ') ?? []
    if (deviceId === undefined || mountPoint === undefined || fileSystem === undefined || source === undefined) continue
    mounts.push({
      deviceId,
      mountPoint: unescapeOctal(mountPoint),
      fileSystem,
      source: unescapeOctal(source),
      readOnly: options?.split(',').includes('ro') ?? false,
    })
  }
  return mounts
}

/** Paths of the devices and files in /proc/swaps (proc_swaps(5)). */
export function parseSwaps(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .map(line => unescapeOctal(line.split(/\s+/, 1)[0] ?? ''))
    .filter(path => path.startsWith('/'))
}
