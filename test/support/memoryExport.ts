import { cancelled, HoldfastError } from '../../engine/contract/errors.ts'
import type { Export, ExportExtent, ExportList, WritableExport } from '../../engine/nbd/export.ts'

const granule = 4096
const zeros = Buffer.alloc(granule)

/** A range that fails, with what. */
interface Fault {
  offset: number
  length: number
  error: Error
  /** 'read' alone, or every call that has this range. */
  of: 'read' | 'all'
}

export const damaged = (): HoldfastError => new HoldfastError('integrity.blockDamaged', 'A block is damaged.', {})

/** A disk in memory that does what a real one does: it may be slow, damaged or full, and what is not flushed is known. */
export class MemoryDisk {
  readonly bytes: Buffer
  /** One for each 4 KiB: has room been taken for it? */
  readonly #allocated: Uint8Array
  readonly faults: Fault[] = []
  /** Called before each read and change with its name; a promise delays it. */
  before: (what: string, offset: number, length: number) => Promise<void> | void = () => undefined
  readonly calls: string[] = []
  open = 0
  underWay = 0
  /** Changes since the last flush. */
  unflushed = 0

  constructor(content: Buffer | number) {
    this.bytes = typeof content === 'number' ? Buffer.alloc(content) : Buffer.from(content)
    this.#allocated = new Uint8Array(Math.ceil(this.bytes.length / granule))
    for (let i = 0; i < this.#allocated.length; i++) {
      const part = this.bytes.subarray(i * granule, (i + 1) * granule)
      this.#allocated[i] = part.equals(zeros.subarray(0, part.length)) ? 0 : 1
    }
  }

  fail(offset: number, length: number, error: Error = damaged(), of: Fault['of'] = 'read'): void {
    this.faults.push({ offset, length, error, of })
  }

  async perform(what: string, offset: number, length: number, signal?: AbortSignal): Promise<void> {
    this.calls.push(`${what} ${offset}+${length}`)
    this.underWay++
    try {
      const delay = this.before(what, offset, length)
      if (delay !== undefined) await (signal ? untilAborted(delay, signal) : delay)
      const fault = this.faults.find(
        f => (f.of === 'all' || what === 'read') && offset < f.offset + f.length && f.offset < offset + length,
      )
      if (fault) throw fault.error
    } finally {
      this.underWay--
    }
  }

  allocate(offset: number, length: number): void {
    this.#allocated.fill(1, Math.floor(offset / granule), Math.ceil((offset + length) / granule))
  }

  /** Only what is covered whole becomes a hole. */
  deallocate(offset: number, length: number): void {
    const end = offset + length
    const to = end === this.bytes.length ? this.#allocated.length : Math.floor(end / granule)
    const from = Math.ceil(offset / granule)
    if (from < to) this.#allocated.fill(0, from, to)
  }

  extents(offset: number, length: number): ExportExtent[] {
    const found: ExportExtent[] = []
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / granule)
      const next = Math.min((index + 1) * granule, offset + length)
      const kind = this.#allocated[index] ? 'data' : 'hole'
      const last = found.at(-1)
      if (last?.kind === kind) last.length += next - at
      else found.push({ length: next - at, kind })
      at = next
    }
    return found
  }
}

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const tell = () => aborted.reject(cancelled('The reading'))
  signal.addEventListener('abort', tell, { once: true })
  if (signal.aborted) tell()
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', tell)
  }
}

export interface MemoryExportOptions {
  name?: string
  description?: string
  isReadOnly?: boolean
  preferredBlockBytes?: number
}

/** An export of a disk in memory. Several may be open on one disk. */
export function memoryExport(disk: MemoryDisk, options: MemoryExportOptions = {}): Export | WritableExport {
  disk.open++
  const device: Export = {
    name: options.name ?? 'disk',
    description: options.description ?? 'a disk in memory',
    sizeBytes: disk.bytes.length,
    isReadOnly: options.isReadOnly ?? true,
    preferredBlockBytes: options.preferredBlockBytes ?? granule,
    async read(offset, length, signal) {
      await disk.perform('read', offset, length, signal)
      return Buffer.from(disk.bytes.subarray(offset, offset + length))
    },
    async extents(offset, length, signal) {
      await disk.perform('extents', offset, length, signal)
      return disk.extents(offset, length)
    },
    cache: (offset, length, signal) => disk.perform('cache', offset, length, signal),
    async close() {
      if (disk.underWay > 0) throw new Error('closed while calls are under way')
      disk.open--
    },
  }
  if (device.isReadOnly) return device
  return {
    ...device,
    isReadOnly: false,
    async write(offset, bytes) {
      const copy = Buffer.from(bytes)
      await disk.perform('write', offset, bytes.length)
      disk.bytes.set(copy, offset)
      disk.allocate(offset, bytes.length)
      disk.unflushed++
    },
    async zero(offset, length, keepRoom) {
      await disk.perform(keepRoom ? 'zero-keeping' : 'zero', offset, length)
      disk.bytes.fill(0, offset, offset + length)
      if (keepRoom) disk.allocate(offset, length)
      else disk.deallocate(offset, length)
      disk.unflushed++
    },
    async trim(offset, length) {
      await disk.perform('trim', offset, length)
      disk.bytes.fill(0, offset, offset + length)
      disk.deallocate(offset, length)
      disk.unflushed++
    },
    async flush() {
      const before = disk.unflushed
      await disk.perform('flush', 0, 0)
      disk.unflushed -= before
    },
  }
}

/** Exports by name; the first one is the default, too. */
export function memoryExports(disks: Record<string, { disk: MemoryDisk } & MemoryExportOptions>): ExportList {
  return {
    async list() {
      return Object.entries(disks).map(([name, { description = 'a disk in memory' }]) => ({ name, description }))
    },
    async open(name) {
      const key = name === '' ? Object.keys(disks)[0]! : name
      const found = Object.hasOwn(disks, key) ? disks[key] : undefined
      return found && memoryExport(found.disk, { ...found, name: key })
    },
  }
}
