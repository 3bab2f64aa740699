import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSystem, systemAccess } from '../base/linux/system.ts'
import type { PathIdentity, System } from '../base/linux/systemRecord.ts'
import { runSystemProgram } from '../base/systemPrograms.ts'

/** The computer, as far as a recipe looks at it. Tests bring their own. */
export interface Machine {
  /** Ends programs that run and refuses new ones. */
  readonly signal: AbortSignal
  /** Normally '/etc'. */
  readonly etc: string
  readSystem(): Promise<System>
  identify(path: string): Promise<PathIdentity | undefined>
  /** Standard output of a program of the system; fails as runSystemProgram does. */
  run(program: string, args: readonly string[], options: { expectedExitCodes: readonly number[] }): Promise<Buffer>
  /** Gives a path that does not exist, in a folder that only this user may enter and that is removed afterwards. */
  withPrivateFile<T>(use: (path: string) => Promise<T>): Promise<T>
}

/** For any one program; LVM waits for devices that do not answer. */
const programMs = 15_000
/** The service may write to its own folder only. */
const inMemory = ['/run/holdfast', '/run']
const folderBeginning = 'holdfast-recipe-'

export function thisMachine(signal: AbortSignal): Machine {
  return {
    signal,
    etc: '/etc',
    readSystem: () => readSystem(),
    identify: path => systemAccess.identify(path),
    run: async (program, args, { expectedExitCodes }) => {
      const options = {
        failureCode: 'source.readFailed' as const,
        expectedExitCodes,
        // LVM would complain about descriptors of ours that it inherits.
        env: { LVM_SUPPRESS_FD_WARNINGS: '1' },
        maxOutputBytes: 8 * 1024 * 1024,
        timeoutMs: programMs,
        signal,
      }
      return (await runSystemProgram(program, args, options)).stdout
    },
    withPrivateFile: async use => {
      const folder = await privateFolder()
      try {
        return await use(join(folder, 'file'))
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** In memory where possible: headers of encrypted disks do not belong on a disk, least of all on the one being read. */
async function privateFolder(): Promise<string> {
  for (const place of inMemory) {
    const folder = await folderIn(place).catch(() => undefined)
    if (folder !== undefined) return folder
  }
  return await folderIn(tmpdir())
}

async function folderIn(place: string): Promise<string> {
  await dropStale(place)
  return await mkdtemp(join(place, `${folderBeginning}${process.pid}-`))
}

/** What processes that were killed have left. The name says whose it is. */
async function dropStale(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const pid = new RegExp(`^${folderBeginning}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    const path = join(place, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts?.uid === process.getuid?.()) await rm(path, { recursive: true, force: true })
  }
}
