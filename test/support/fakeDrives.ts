import { createHash } from 'node:crypto'
import type { CommandOptions, CommandResult } from '../../engine/base/command.ts'
import { createLogger } from '../../engine/base/logger.ts'
import type { RunSystemProgram } from '../../engine/base/systemPrograms.ts'
import type { DriveDevice } from '../../engine/contract/drives.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'

/** An id as the inventory makes them, from any word. */
export const driveId = (word: string): string => createHash('sha256').update(word).digest('hex').slice(0, 32)

/** A partition with ext4 on a USB drive, with whatever is given put in its place. `id` is a word. */
export function fakeDevice(id: string, changes: Partial<DriveDevice> = {}): DriveDevice {
  return {
    id: driveId(id),
    path: `/dev/${id}`,
    deviceNumber: '8:17',
    kind: 'partition',
    sizeBytes: 1_000_000_000,
    readOnly: false,
    vendor: 'Samsung',
    model: 'Portable SSD T7',
    serial: 'S1',
    removable: false,
    hotplug: true,
    transport: 'usb',
    partitionTable: null,
    partitionType: null,
    raidLevel: null,
    isInternal: false,
    fileSystem: { type: 'ext4', label: 'Backups', uuid: 'uuid-1' },
    mountPoints: [],
    restsOn: [],
    holders: [],
    drives: [driveId(id)],
    isSystem: false,
    sequence: 1,
    ...changes,
  }
}

/** A logger that keeps its lines. */
export function listeningLogger() {
  const lines: string[] = []
  return { lines, logger: createLogger({ level: 'debug', write: line => void lines.push(line) }) }
}

/** What a pretended program answers. */
export interface FakeAnswer {
  exitCode?: number
  stdout?: string
  stderr?: string
}
/** The answer of a program that has been taken away. */
export const notInstalled: FakeAnswer = {}

export type FakeProgram = (args: readonly string[]) => FakeAnswer | Promise<FakeAnswer>

/** Runs pretended programs as runSystemProgram runs real ones, with the same errors; those without an entry are not installed. */
export function fakePrograms(programs: Record<string, FakeProgram>) {
  const calls: string[][] = []
  const run: RunSystemProgram = async (
    name: string,
    args: readonly string[],
    options: CommandOptions,
  ): Promise<CommandResult> => {
    calls.push([name, ...args])
    const answer = (await programs[name]?.(args)) ?? notInstalled
    if (answer === notInstalled) {
      const details = { program: name, errno: 'ENOENT' }
      throw new HoldfastError('config.invalid', `The program ${name} is not installed.`, { details })
    }
    const { exitCode = 0, stdout = '', stderr = '' } = answer
    if (!(options.expectedExitCodes ?? [0]).includes(exitCode)) {
      const details = { program: name, args: [...args], exitCode, stderr }
      throw new HoldfastError(options.failureCode, `${name} failed with exit code ${exitCode}: ${stderr}.`, { details })
    }
    return { exitCode, stdout: Buffer.from(stdout), stderr }
  }
  return { run, calls }
}
