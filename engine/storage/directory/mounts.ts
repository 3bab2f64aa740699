import { posix } from 'node:path'

/**
 * Where the desktop mounts removable drives. A folder below these that is on none of them is what a drive that was pulled
 * out left behind, or would be made in its place.
 */
const removableMedia = ['/media', '/run/media']

/**
 * The mount point at or above `path` where a drive belongs and none is mounted; or undefined. All paths are absolute,
 * normalised and free of symbolic links. `expected` are the places where /etc/fstab mounts something, `mounted` those where
 * something is mounted.
 */
export function emptyMountPointAbove(
  path: string,
  expected: Iterable<string>,
  mounted: ReadonlySet<string>,
): string | undefined {
  for (const point of expected) {
    if (point !== '/' && isWithin(path, point) && !mounted.has(point)) return point
  }
  for (const media of removableMedia) {
    if (!isWithin(path, media) || path === media) continue
    const onADrive = [...mounted].some(point => point !== media && isWithin(point, media) && isWithin(path, point))
    if (!onADrive) return path
  }
  return undefined
}

/** The mount points in the text of /etc/fstab; the format is in fstab(5). */
export function parseFstab(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => unescapeOctal(line.split(/\s+/)[1] ?? ''))
    .filter(point => point.startsWith('/'))
    .map(normalise)
}

/** The mount points in the text of /proc/self/mountinfo; the format is in proc_pid_mountinfo(5). */
export function parseMountInfo(text: string): Set<string> {
  const points = text.split('\n').map(line => unescapeOctal(line.split(' ')[4] ?? ''))
  return new Set(points.filter(point => point.startsWith('/')))
}

/** True when `path` is `folder` or below it. Both absolute and normalised. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

/** Both tables write blanks, tabs, newlines and backslashes as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

function normalise(path: string): string {
  const plain = posix.normalize(path)
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain
}
