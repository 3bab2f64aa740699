import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { type LinuxCalls, linux } from '../base/linux.ts'

/** A GPT takes so many sectors at the beginning, and its copy at the end (UEFI Specification 2.10, 5.3.1). */
const firstSectors = 34
const lastSectors = 33

/**
 * A hash over what lies at both ends of an open device, by which one is known again: its partition table, and the heads of file
 * systems that begin there. Errors of reading are passed on as they are.
 */
export async function endsOfDevice(file: FileHandle, sizeBytes: number, calls: LinuxCalls = linux): Promise<string> {
  const asked = calls.blockDeviceSectorSize(file.fd)
  const sector = asked === 'unsupported' ? 512 : asked
  const hash = createHash('sha256')
  const first = Math.min(firstSectors * sector, sizeBytes)
  const last = Math.max(first, sizeBytes - lastSectors * sector)
  for (const [from, to] of [
    [0, first],
    [last, sizeBytes],
  ] as const) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    hash.update(buffer.subarray(0, bytesRead))
  }
  return hash.digest('hex')
}
