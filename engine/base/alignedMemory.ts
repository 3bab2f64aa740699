/** What offset, length and memory of direct I/O must be multiples of: no drive's sectors are larger. */
export const directAlignmentBytes = 4096

/**
 * Memory for all threads that begins at a page, as direct I/O wants it. Plain shared memory begins 16 bytes behind one, which
 * is where malloc keeps its notes; that of WebAssembly is mapped by itself. Where there is none, plain memory does: direct
 * I/O then refuses and is done without.
 */
export function alignedSharedMemory(bytes: number): SharedArrayBuffer {
  const pageBytes = 65_536
  const pages = Math.ceil(bytes / pageBytes)
  try {
    const { Memory } = (globalThis as unknown as { WebAssembly: WebAssembly }).WebAssembly
    return new Memory({ initial: pages, maximum: pages, shared: true }).buffer
  } catch {
    return new SharedArrayBuffer(bytes)
  }
}

/** What we use of it; TypeScript knows it only together with everything else in a browser. */
interface WebAssembly {
  Memory: new (options: { initial: number; maximum: number; shared: true }) => { buffer: SharedArrayBuffer }
}
