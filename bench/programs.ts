import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** First line that a program prints when asked for its version, or undefined when it cannot be run. */
export async function versionLine(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, args)
    return stdout.split('\n')[0]?.trim()
  } catch {
    return undefined
  }
}

/** Runs a program that is not measured; throws with what it said on stderr when it fails. */
export async function runQuietly(program: string, args: string[]): Promise<void> {
  await run(program, args)
}
