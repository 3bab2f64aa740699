import { spawn, spawnSync } from 'node:child_process'
import { holdfastProgram } from './holdfast.ts'

/** Why there are no terminals for tests; undefined when there are. */
export const noTerminal =
  spawnSync('script', ['--version']).status === 0 ? undefined : 'script (package bsdutils) is missing'
if (noTerminal !== undefined) console.warn(`Tests in a terminal are skipped: ${noTerminal}`)

export interface TerminalSession {
  /** Waits until this text has appeared (again, when it did before), then types. */
  answer(question: string, text: string): Promise<void>
  /** Everything that was on the screen, and the exit code. */
  end: Promise<{ code: number | null; screen: string }>
}

/** Runs bin/holdfast in a terminal of its own, made by script(1). */
export function inTerminal(args: readonly string[], env: Record<string, string>): TerminalSession {
  const command = [holdfastProgram, ...args].map(word => `'${word}'`).join(' ')
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_') && name !== 'NO_COLOR')
  const child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', command, '/dev/null'], {
    env: { ...Object.fromEntries(inherited), TERM: 'xterm', ...env },
    stdio: 'pipe',
  })
  let screen = ''
  let seen = 0
  const listeners = new Set<() => void>()
  const onText = (text: string) => {
    screen += text
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', onText)
  child.stderr.setEncoding('utf8').on('data', onText)
  const end = new Promise<{ code: number | null; screen: string }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ code, screen }))
  })
  const appeared = (question: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const at = screen.indexOf(question, seen)
        if (at === -1) return
        seen = at + question.length
        listeners.delete(look)
        resolve()
      }
      listeners.add(look)
      look()
      void end.then(() => reject(new Error(`It ended without asking “${question}”:\n${screen}`)), reject)
    })
  return {
    end,
    async answer(question, text) {
      await appeared(question)
      child.stdin.write(text)
    },
  }
}
