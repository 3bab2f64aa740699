import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../contract/errors.ts'
import { type CommandOptions, type CommandResult, runCommand } from './command.ts'

/** Where only the administrator puts programs; the PATH of whoever started us plays no part. The last is that of NixOS. */
export const systemProgramFolders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/run/current-system/sw/bin']

/** Absolute path of a program of the system; undefined when there is none. */
export async function findSystemProgram(
  name: string,
  folders: readonly string[] = systemProgramFolders,
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

/** What such a program sees of our environment: nothing. */
export const systemProgramEnvironment = { PATH: systemProgramFolders.join(':'), LC_ALL: 'C' }

/**
 * Runs a program of the system with a fixed PATH and a clean environment. `name` has no slash. Fails like runCommand;
 * `config.invalid` when it is not installed.
 */
export async function runSystemProgram(
  name: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const path = await findSystemProgram(name)
  if (path === undefined) {
    throw new HoldfastError('config.invalid', `The program ${name} is not installed.`, {
      advice: `Install the package that contains ${name}.`,
      details: { program: name, errno: 'ENOENT' },
    })
  }
  return runCommand(path, args, { ...options, env: { ...options.env, ...systemProgramEnvironment } })
}

export type RunSystemProgram = typeof runSystemProgram
