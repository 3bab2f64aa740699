import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Machine } from './machine.ts'

/**
 * pkttyagent(1) on a terminal of its own, with a person in front of it: types a password whenever one is asked for, or looks
 * away.
 */
export class PasswordAgent {
  static #count = 0
  readonly #child: ChildProcess
  /** All that the terminal has shown. */
  shown = ''

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Asks for one program of a user; resolves when polkit knows the agent. Without a password nobody answers it. */
  static async start(machine: Machine, user: string, pid: string, password?: string): Promise<PasswordAgent> {
    // The agent closes the pipe once polkit knows it.
    const pipe = `/tmp/agent-${pid}-${++PasswordAgent.#count}`
    const command = `tty; mkfifo ${pipe}; (cat ${pipe}; echo registered) & exec pkttyagent --process ${pid} --notify-fd 3 3>${pipe}`
    const child = machine.spawn(user, 'nowhere', ['script', '--quiet', '--return', '--command', command, '/dev/null'])
    const agent = new PasswordAgent(child)
    let answered = 0
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => reject(new Error(`The agent ended: ${agent.shown}`)))
      child.stdout?.on('data', text => {
        agent.shown += text
        if (agent.shown.includes('registered')) resolve()
        if (password === undefined) return
        for (; answered < agent.prompts; answered++) agent.#type(machine, password).catch(reject)
      })
    })
    return agent
  }

  /** What is typed before the terminal stops showing it gets lost. */
  async #type(machine: Machine, password: string): Promise<void> {
    const terminal = /^\/dev\/pts\/\d+/m.exec(this.shown)?.[0] ?? ''
    while (!(await machine.must('stty', '-F', terminal, '-a')).includes('-echo ')) await delay(10)
    this.#child.stdin?.write(`${password}\n`)
  }

  /** How often it has asked for a password. */
  get prompts(): number {
    return this.shown.split('Password: ').length - 1
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close')
    // Ctrl-C in the terminal.
    this.#child.stdin?.write('\x03')
    await closed
  }
}
