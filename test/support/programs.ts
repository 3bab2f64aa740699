import { spawnSync } from 'node:child_process'

/** Why tests that need a program of the system cannot run here, said once on the way; undefined when they can. */
export function missingProgram(program: string): string | undefined {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' })
  if (!error) return undefined
  console.warn(`Tests with ${program} are skipped: it is not installed.`)
  return `${program} is not installed`
}
