import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attachLoop, type LoopDevice, makeFileSystem } from '../../support/loopDevice.ts'
import type { Machine } from './machine.ts'

/** Real block devices that a test computer knows. They outlive it, so they are taken away by hand. */
export class Disks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  readonly #loops: LoopDevice[] = []

  /** One of so many MiB, with an ext4 file system if wanted; returns its path, the same there as here. */
  async add(machine: Machine, sizeMiB: number, formatted: 'formatted' | 'empty' = 'empty'): Promise<string> {
    const image = join(this.#folder, `disk-${this.#loops.length}`)
    writeFileSync(image, '')
    truncateSync(image, sizeMiB * 1024 * 1024)
    if (formatted === 'formatted') makeFileSystem(image)
    const loop = attachLoop(image)
    this.#loops.push(loop)
    await machine.showDevice(loop.path)
    return loop.path
  }

  /** Nothing may be mounted any more. */
  remove(): void {
    for (const loop of this.#loops.splice(0)) loop.detach()
    rmSync(this.#folder, { recursive: true })
  }
}
