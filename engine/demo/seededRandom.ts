import { createCipheriv, createHash, hash } from 'node:crypto'

/** A reproducible stream of random choices: the same seed gives the same stream on every machine. Not for secrets. */
export interface SeededRandom {
  /** `length` incompressible bytes. */
  bytes(length: number): Buffer
  /** Integer in [0, below), `below` up to 2^32. The bias of the modulo (below 2^-20 for small ranges) does not matter here. */
  below(below: number): number
  /** Integer in [from, to], both ends included. */
  between(from: number, to: number): number
  /** One element; `items` must not be empty. */
  pick<T>(items: readonly T[]): T
}

const chunkBytes = 64 * 1024

/** A random stream that depends on `seed` alone: the key stream of AES-256 in counter mode. */
export function seededRandom(seed: string | number): SeededRandom {
  const key = createHash('sha256').update(String(seed)).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(chunkBytes)
  let small = Buffer.alloc(0)
  let used = 0

  const bytes = (length: number): Buffer => cipher.update(Buffer.alloc(length))
  const next32 = (): number => {
    if (used + 4 > small.length) {
      small = cipher.update(zeros)
      used = 0
    }
    used += 4
    return small.readUInt32LE(used - 4)
  }
  const below = (limit: number): number => next32() % limit

  return {
    bytes,
    below,
    between: (from, to) => from + below(to - from + 1),
    pick: items => items[below(items.length)]!,
  }
}

/**
 * The items in random order. The place of each depends on the seed and on its own key alone, so that an item more or
 * less (a package installed between two runs) does not change the order of all others.
 */
export function shuffledBy<T>(seed: string | number, items: readonly T[], key: (item: T) => string): T[] {
  const ranked = items.map(item => ({ item, rank: hash('sha256', `${seed} ${key(item)}`) }))
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ item }) => item)
}

const services = ['systemd', 'kernel', 'sshd', 'cron', 'dhclient', 'NetworkManager', 'cupsd', 'rsyslogd', 'dbus-daemon']
const messages = [
  'session opened for user anna by (uid=0)',
  'connection from 192.168.1.{n} port {n} closed',
  'job {n} finished in {n} ms with status 0',
  'lease of 192.168.1.{n} renewed, next in {n} s',
  'device usb{n}: new high-speed device number {n}',
  'cache hit ratio {n}/1000, evicted {n} entries',
  'GET /status/{n} answered in {n} us',
]

/** About `length` bytes (never fewer, cut to exactly `length`) of lines as a system log has them; compresses like one. */
export function logText(random: SeededRandom, length: number): Buffer {
  const lines: string[] = []
  let total = 0
  let seconds = random.below(86_400)
  while (total < length) {
    seconds = (seconds + random.below(5)) % 86_400
    const time = new Date(seconds * 1000).toISOString().slice(11, 19)
    const message = random.pick(messages).replaceAll('{n}', () => String(random.below(1000)))
    const line = `Nov 14 ${time} desk ${random.pick(services)}[${random.below(30_000)}]: ${message}\n`
    lines.push(line)
    total += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, length)
}

/** `pages` database pages of 4 KiB: a short header, text rows, and keys that do not compress; about half of it shrinks away. */
export function databasePages(random: SeededRandom, pages: number): Buffer {
  const pageBytes = 4096
  const rows = logText(random, 64 * 1024)
  const out = random.bytes(pages * pageBytes)
  for (let page = 0; page < pages; page++) {
    const start = page * pageBytes
    out.writeUInt32LE(page, start)
    const from = random.below(rows.length - 2600)
    rows.copy(out, start + 4, from, from + 2596)
  }
  return out
}
