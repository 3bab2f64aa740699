/**
 * Gives the memory of bytes back at once instead of at the next garbage collection, which knows only the small object in front
 * of it and may let hundreds of megabytes pile up. Only for bytes that nobody else looks at; they are empty afterwards. A view
 * of part of a larger buffer is left alone.
 */
export function freeNow(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength && !buffer.detached) buffer.transfer(0)
}

/** The same bytes seen as a Buffer: what comes out of a message of a thread is a plain Uint8Array. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
