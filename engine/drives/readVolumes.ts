import { type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'
import { isHoldfastError } from '../contract/errors.ts'
import { disksArguments, fullReportArguments, parseDisks, parseFullReport } from './lvmReport.ts'
import type { LvmAnswer } from './volumes.ts'

export interface LvmReaderOptions {
  run?: RunSystemProgram
  /** LVM lets nobody else ask. */
  isRoot?: boolean
  /** 10 000 unless given: a disk that is failing, or a volume that is suspended, keeps LVM waiting. */
  timeoutMs?: number
}

const mostOutputBytes = 8 * 1024 * 1024

/**
 * Asks LVM what it has. That takes two commands at a time, 0.05 to 1 s, so it belongs where the inventory is made and nowhere
 * else. What it said is kept for when it does not answer.
 */
export class LvmReader {
  readonly #run: RunSystemProgram
  readonly #isRoot: boolean
  readonly #timeoutMs: number
  #last: Omit<LvmAnswer, 'state'> = { groups: [], volumes: [], disks: [] }

  constructor({
    run = runSystemProgram,
    isRoot = process.getuid?.() === 0,
    timeoutMs = 10_000,
  }: LvmReaderOptions = {}) {
    this.#run = run
    this.#isRoot = isRoot
    this.#timeoutMs = timeoutMs
  }

  /** Only fails with `run.cancelled`; what kept it from knowing is in the state. May be repeated. */
  async read(signal?: AbortSignal): Promise<LvmAnswer> {
    if (!this.#isRoot) return { state: 'needs-root', groups: [], volumes: [], disks: [] }
    try {
      const [full, listed] = await Promise.all([
        this.#ask(fullReportArguments, signal),
        this.#ask(disksArguments, signal),
      ])
      const report = parseFullReport(full)
      const disks = parseDisks(listed)
      if (report === undefined || disks === undefined) return { state: 'failed', ...this.#last }
      this.#last = { ...report, disks }
      return { state: 'known', ...this.#last }
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      const isMissing = isHoldfastError(error, 'config.invalid') && error.details.errno === 'ENOENT'
      if (isMissing) return { state: 'not-installed', groups: [], volumes: [], disks: [] }
      return { state: 'failed', ...this.#last }
    }
  }

  async #ask(args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    const { stdout } = await this.#run('lvm', args, {
      failureCode: 'storage.failed',
      // 5: something could not be read (a disk that is missing, a group of another computer); the rest is in the report.
      expectedExitCodes: [0, 5],
      timeoutMs: this.#timeoutMs,
      maxOutputBytes: mostOutputBytes,
      env: { LVM_SUPPRESS_FD_WARNINGS: '1' },
      ...(signal === undefined ? {} : { signal }),
    })
    return stdout.toString('utf8')
  }
}
