import type { ExportList, WritableExport } from './export.ts'

/**
 * Offers one device that can be written to, under the empty name and these. All connections have the same one, so each sees at once
 * what another has written, and a flush of one is a flush for all. Closing a connection flushes; the device is closed by whoever
 * opened it.
 */
export function sharedExport(device: WritableExport, names: readonly string[]): ExportList {
  const { description, sizeBytes, isReadOnly, preferredBlockBytes } = device
  const known = new Set(['', ...names])
  const summary = { name: names[0] ?? device.name, description }
  const opened: WritableExport = {
    ...summary,
    ...{ sizeBytes, isReadOnly, preferredBlockBytes },
    read: (offset, length, signal) => device.read(offset, length, signal),
    extents: (offset, length, signal) => device.extents(offset, length, signal),
    cache: (offset, length, signal) => device.cache(offset, length, signal),
    write: (offset, bytes) => device.write(offset, bytes),
    zero: (offset, length, keepRoom) => device.zero(offset, length, keepRoom),
    trim: (offset, length) => device.trim(offset, length),
    flush: () => device.flush(),
    close: () => device.flush(),
  }
  return {
    list: async () => [summary],
    open: async name => (known.has(name) ? { ...opened } : undefined),
  }
}
