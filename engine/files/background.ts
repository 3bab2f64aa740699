import { type ChildProcess, spawn } from 'node:child_process'
import { systemProgramEnvironment } from '../base/systemPrograms.ts'

/** A program that goes on while we do something else. */
export interface BackgroundProgram {
  readonly pid: number | undefined
  /** What it said before it ended; undefined while it runs. */
  ended(): { exitCode: number | null; said: string } | undefined
}

const mostSaidBytes = 16 * 1024

/**
 * Starts a program of the system by absolute path. It is in a session of its own: what a terminal sends to us (Ctrl-C) must not
 * take devices away under mounts that are still there. It does not keep this process alive.
 */
export function startInBackground(program: string, args: readonly string[]): BackgroundProgram {
  const child: ChildProcess = spawn(program, args, {
    env: systemProgramEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let said = ''
  let end: { exitCode: number | null } | undefined
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk: Buffer) => {
      if (said.length < mostSaidBytes) said += chunk.toString('utf8')
    })
    ;(stream as typeof stream & { unref?: () => void }).unref?.()
  }
  child.on('error', error => {
    said += error.message
    end ??= { exitCode: null }
  })
  child.on('close', exitCode => {
    end ??= { exitCode }
  })
  child.unref()
  return { pid: child.pid, ended: () => end && { ...end, said: said.trim() } }
}
