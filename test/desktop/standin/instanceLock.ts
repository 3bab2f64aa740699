import { mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SecondStart {
  argv: string[]
  cwd: string
  data: unknown
}

/** Lets one program at a time use a folder; the others leave a message there. */
export class InstanceLock {
  #path: string | undefined

  /** False when another program has it, which then gets to know of this start. */
  take(folder: string, start: SecondStart, onSecond: (start: SecondStart) => void): boolean {
    if (this.#path !== undefined) return true
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'StandinLock')
    while (!isWritten(path)) {
      const pid = Number(readFileSync(path, 'utf8'))
      if (runs(pid)) {
        // In one step, so that nobody reads half of it.
        writeFileSync(join(folder, `part-${process.pid}`), JSON.stringify(start))
        renameSync(join(folder, `part-${process.pid}`), join(folder, `second-${process.pid}.json`))
        return false
      }
      rmSync(path, { force: true })
    }
    this.#path = path
    watch(folder, (_type, name) => {
      if (name?.startsWith('second-')) takeMessage(join(folder, name), onSecond)
    }).unref()
    return true
  }

  release(): void {
    if (this.#path !== undefined) rmSync(this.#path, { force: true })
    this.#path = undefined
  }
}

function isWritten(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function takeMessage(path: string, onSecond: (start: SecondStart) => void): void {
  let start: SecondStart
  try {
    start = JSON.parse(readFileSync(path, 'utf8'))
    rmSync(path)
  } catch {
    // Taken already.
    return
  }
  onSecond(start)
}
