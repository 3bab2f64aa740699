import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { type HelperContract, helperContract } from '../../engine/contract/helperContract.ts'
import type { Run } from '../../engine/contract/jobs.ts'
import type { RpcClient } from '../../engine/contract/rpcContract.ts'
import { connectUnix } from '../../engine/rpc/unixClient.ts'
import { type RunningHoldfast, startHoldfast } from './holdfast.ts'

export type HelperClient = RpcClient<HelperContract>

/** A real helper in folders of its own. */
export class DaemonProcess {
  readonly env: Record<string, string>
  #running: RunningHoldfast | undefined

  /** Everything that it keeps is below `folder`. */
  constructor(folder: string, env: Record<string, string> = {}) {
    this.env = { HOLDFAST_STATE_DIR: join(folder, 'state'), HOLDFAST_RUN_DIR: join(folder, 'run'), ...env }
  }

  get socket(): string {
    return join(this.env.HOLDFAST_RUN_DIR!, 'helper.sock')
  }

  get pid(): number {
    return this.#running!.process.pid!
  }

  /** Starts it and waits until it takes calls. */
  async start(): Promise<void> {
    this.#running = startHoldfast(['daemon'], { env: this.env })
    await this.#running.said(/Ready at/)
  }

  connect(): Promise<HelperClient> {
    const uid = process.getuid!()
    return connectUnix(helperContract, { path: this.socket, program: '0.0.0', clock: systemClock, trustedUids: [uid] })
  }

  async kill(): Promise<void> {
    this.#running?.process.kill('SIGKILL')
    await this.#running?.result
    this.#running = undefined
  }

  /** Asks it to end; returns what it printed and its exit code. */
  async stop() {
    this.#running?.process.kill('SIGTERM')
    const result = await this.#running?.result
    this.#running = undefined
    return result
  }
}

/** The newest run of a job, once it has ended. */
export async function endedRun(client: HelperClient, job: string, after?: string): Promise<Run> {
  for (;;) {
    const { runs } = await client.call('runs.list', { job, limit: 1 })
    const [run] = runs
    if (run && run.state !== 'running' && run.id !== after) return run
    await systemClock.sleep(20)
  }
}
