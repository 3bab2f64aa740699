import type { Clock } from '../base/clock.ts'
import { systemClock } from '../base/clock.ts'
import { minuteMs } from '../base/localTime.ts'
import { cancelled, HoldfastError } from '../contract/errors.ts'
import type { HookMoment } from '../contract/jobs.ts'
import { findHook, type HookFolder } from './hookFile.ts'
import { type HookProcessResult, keptOutputBytes, runHookProcess } from './hookProcess.ts'
import { lengthOfTime, oneLine } from './plainText.ts'

/** What a hook is told. */
export interface HookFacts {
  /** Name of the job. Foreign text. */
  job: string
  jobId: string
  /** Id of the run. */
  run: string
  /** Id of the version that was or is being made or restored; undefined while there is none. */
  version?: string
  /** How it went, from the moments after something on. */
  result?: 'success' | 'failure'
  /** Anything else that fits in JSON; goes to standard input only. Never secrets. */
  details?: Record<string, unknown>
}

export interface HookOptions {
  folder?: HookFolder
  /** Longest run of one hook in milliseconds. 5 minutes unless given. */
  timeoutMs?: number
  /** Between SIGTERM and SIGKILL, milliseconds. 5 s unless given. */
  graceMs?: number
  clock?: Clock
  signal?: AbortSignal
  /** Called with each result as it comes, also that of a hook which stops the run: for the log. Must not throw. */
  onResult?: (result: HookResult) => void
}

export interface HookResult {
  hook: string
  moment: HookMoment
  /** refused: not run, because of its name, owner or permissions, or because it cannot be started. */
  outcome: 'succeeded' | 'failed' | 'timed-out' | 'cancelled' | 'refused'
  /** null when it did not end by itself. */
  exitCode: number | null
  timedOut: boolean
  /** The last 64 KiB of what it printed, for the log of the run. Foreign text with line breaks. */
  output: string
  /** True when it printed more than that. */
  outputCut: boolean
  durationMs: number
  /** What was wrong, in a few words; undefined when it succeeded. */
  problem?: string
}

/** Whether a failing hook stops what it precedes; those of the other moments run whatever came of it. */
export const mayStop = (moment: HookMoment): boolean => moment.startsWith('before-')

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * All variables that a hook sees: PATH, LC_ALL=C, HOLDFAST_EVENT (the moment), HOLDFAST_HOOK, HOLDFAST_JOB (name),
 * HOLDFAST_JOB_ID, HOLDFAST_RUN, and where known HOLDFAST_VERSION (id of the version) and HOLDFAST_RESULT (success, failure).
 */
export function hookEnvironment(hook: string, moment: HookMoment, facts: HookFacts): Record<string, string> {
  return {
    PATH: searchPath,
    LC_ALL: 'C',
    HOLDFAST_EVENT: moment,
    HOLDFAST_HOOK: hook,
    HOLDFAST_JOB: oneLine(facts.job),
    HOLDFAST_JOB_ID: oneLine(facts.jobId),
    HOLDFAST_RUN: oneLine(facts.run),
    ...(facts.version !== undefined && { HOLDFAST_VERSION: oneLine(facts.version) }),
    ...(facts.result !== undefined && { HOLDFAST_RESULT: facts.result }),
  }
}

/**
 * Runs one hook to its end. Its standard input is one JSON object: {event, hook, ...facts}. Never throws; what went wrong is
 * in the result.
 */
export async function runHook(
  hook: string,
  moment: HookMoment,
  facts: HookFacts,
  options: HookOptions = {},
): Promise<HookResult> {
  const { timeoutMs = 5 * minuteMs, graceMs = 5000, clock = systemClock, signal } = options
  const nothing = { exitCode: null, timedOut: false, output: '', outputCut: false, durationMs: 0 }
  const found = await findHook(hook, options.folder)
  if (found.refusal !== undefined) {
    return { hook: oneLine(hook, 64), moment, outcome: 'refused', ...nothing, problem: oneLine(found.refusal, 500) }
  }
  if (signal?.aborted) return { hook, moment, outcome: 'cancelled', ...nothing, problem: 'it was cancelled' }
  const begun = clock.monotonic()
  const ended = await runHookProcess(found.path, {
    env: hookEnvironment(hook, moment, facts),
    input: `${JSON.stringify({ event: moment, hook, ...facts })}\n`,
    timeoutMs,
    graceMs,
    clock,
    signal,
  })
  return {
    hook,
    moment,
    exitCode: ended.stopped === undefined ? ended.exitCode : null,
    timedOut: ended.stopped === 'timed-out',
    output: ended.output,
    outputCut: ended.outputBytes > keptOutputBytes,
    durationMs: Math.round(clock.monotonic() - begun),
    ...verdict(ended, timeoutMs),
  }
}

function verdict(ended: HookProcessResult, timeoutMs: number): Pick<HookResult, 'outcome' | 'problem'> {
  const { exitCode, endedBy, stopped, startError } = ended
  if (startError !== undefined) return { outcome: 'refused', problem: `it cannot be started: ${oneLine(startError)}` }
  if (stopped === 'cancelled') return { outcome: 'cancelled', problem: 'it was cancelled' }
  if (stopped === 'timed-out') {
    const limit = timeoutMs < minuteMs ? `${timeoutMs / 1000} s` : lengthOfTime(timeoutMs)
    return { outcome: 'timed-out', problem: `it did not end within ${limit} and was stopped` }
  }
  if (exitCode === 0) return { outcome: 'succeeded' }
  return { outcome: 'failed', problem: exitCode === null ? `it was ended by ${endedBy}` : `exit code ${exitCode}` }
}

/**
 * Runs the hooks of a moment, one after the other in the order given. Before something, the first that does not succeed
 * stops it: the rest do not run, and `hook.failed` is thrown with details {hook, moment, exitCode, timedOut}, or
 * `run.cancelled` when the signal fired. At the other moments all run, and what failed is in the results. They should also
 * run when the work failed or was cancelled, because they undo what the ones before did; so nothing but the time limit
 * stops them, and the signal does not count.
 */
export async function runHooks(
  hooks: readonly string[],
  moment: HookMoment,
  facts: HookFacts,
  options: HookOptions = {},
): Promise<HookResult[]> {
  const { signal, ...rest } = options
  const stopping = mayStop(moment)
  const results: HookResult[] = []
  for (const hook of hooks) {
    const result = await runHook(hook, moment, facts, stopping ? options : rest)
    results.push(result)
    options.onResult?.(result)
    if (result.outcome === 'succeeded' || !stopping) continue
    throw signal?.aborted ? cancelled('The run') : hookFailed(result)
  }
  return results
}

function hookFailed({ hook, moment, outcome, exitCode, timedOut, problem }: HookResult): HoldfastError {
  const stopped = moment === 'before-restore' ? 'restore' : 'backup'
  return new HoldfastError('hook.failed', `The hook “${hook}” stopped the ${stopped}: ${problem}.`, {
    advice:
      outcome === 'refused'
        ? 'Make the file and its folders belong to root, writable by nobody else, and executable; or take the hook out of the job.'
        : 'Read what it printed in the log of the run, and run it by hand; or take the hook out of the job.',
    details: { hook, moment, exitCode, timedOut },
  })
}
