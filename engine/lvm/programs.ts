import type { CommandOptions, CommandResult } from '../base/command.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { VolumeKind } from './kinds.ts'
import type { LvmSystem } from './system.ts'

/** Debian's packages of the programs that are used here. */
const packages = {
  lvs: 'lvm2',
  vgs: 'lvm2',
  lvcreate: 'lvm2',
  lvchange: 'lvm2',
  lvremove: 'lvm2',
  dmsetup: 'dmsetup',
  thin_delta: 'thin-provisioning-tools',
  thin_dump: 'thin-provisioning-tools',
  thin_ls: 'thin-provisioning-tools',
} as const

export type Program = keyof typeof packages

const ofLvm: Program[] = ['lvs', 'vgs', 'lvcreate', 'lvchange', 'lvremove', 'dmsetup']
const neededFor: Record<VolumeKind, Program[]> = {
  classic: ofLvm,
  thin: [...ofLvm, 'thin_delta', 'thin_dump', 'thin_ls'],
}

/** Those that are not there. */
export async function missingPrograms(system: LvmSystem, kind: VolumeKind): Promise<Program[]> {
  const found = await Promise.all(neededFor[kind].map(async program => ({ program, path: await system.find(program) })))
  return found.filter(({ path }) => path === undefined).map(({ program }) => program)
}

/** source.unsupported, naming the packages, unless all programs are there that volumes of this kind need. */
export async function requirePrograms(system: LvmSystem, kind: VolumeKind, path: string): Promise<void> {
  const missing = await missingPrograms(system, kind)
  if (missing.length === 0) return
  const names = [...new Set(missing.map(program => packages[program]))]
  throw new HoldfastError(
    'source.unsupported',
    `${path} is a volume of LVM, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed.`,
    {
      advice: `Install ${names.join(' and ')}: apt install ${names.join(' ')}`,
      details: { path, programs: missing, packages: names },
    },
  )
}

/** Descriptors of ours that LVM sees are closed on exec, except for those of whoever started us. */
const environment = { LVM_SUPPRESS_FD_WARNINGS: '1' }

/** Runs a program that only looks. May be cancelled. Fails with source.readFailed, as runCommand does. */
export function look(
  system: LvmSystem,
  program: Program,
  args: readonly string[],
  options: Partial<CommandOptions> = {},
): Promise<CommandResult> {
  return system.run(program, args, { failureCode: 'source.readFailed', env: environment, ...options })
}

/**
 * Runs a program that changes something, to its end: one that is killed in the middle may leave a volume suspended, and with it
 * everything that writes to it. So there is neither a signal nor a limit of time. Resolves with whatever exit code.
 */
export function change(system: LvmSystem, program: Program, args: readonly string[]): Promise<CommandResult> {
  return system.run(program, args, {
    failureCode: 'source.readFailed',
    env: environment,
    expectedExitCodes: anyExitCode,
  })
}

const anyExitCode = Array.from({ length: 256 }, (_, code) => code)
