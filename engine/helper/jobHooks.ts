import type { Clock } from '../base/clock.ts'
import type { HookMoment, Job, Run } from '../contract/jobs.ts'
import type { RunStore } from '../jobs/runStore.ts'
import { findHook, type HookFolder } from '../notices/hookFile.ts'
import { type HookFacts, runHooks } from '../notices/hooks.ts'

/** The programs that jobs run around their runs. */
export class JobHooks {
  readonly #runs: RunStore
  readonly #clock: Clock
  readonly #folder: HookFolder | undefined

  /** `folder` has them; that of this computer unless given. */
  constructor(runs: RunStore, clock: Clock, folder: HookFolder | undefined) {
    this.#runs = runs
    this.#clock = clock
    this.#folder = folder
  }

  /** What keeps a hook from being run; null when it can be. */
  async problemOf(hook: string): Promise<string | null> {
    return (await findHook(hook, this.#folder)).refusal ?? null
  }

  /**
   * Runs the hook of a job for a moment of a run, if it has one, and logs what it says. Fails with hook.failed when it runs
   * before something; what goes wrong with others is answered, for people.
   */
  async run(
    moment: HookMoment,
    job: Job,
    run: Run,
    { signal, ...known }: Pick<HookFacts, 'result' | 'version'> & { signal: AbortSignal },
  ): Promise<string[]> {
    const name = job.hooks[moment]
    if (name === undefined) return []
    const facts = {
      job: job.name,
      jobId: job.id,
      run: run.id,
      ...known,
      details: { destination: run.destinationName, parts: run.parts },
    }
    const results = await runHooks([name], moment, facts, {
      signal,
      clock: this.#clock,
      ...(this.#folder && { folder: this.#folder }),
      onResult: ({ hook, output }) => {
        if (output === '') return
        this.#runs.log(run.id, [{ at: this.#clock.now(), level: 'info', text: `${hook}: ${output}` }])
      },
    })
    return results.flatMap(({ hook, problem }) =>
      problem === undefined ? [] : [`The hook ${hook} failed: ${problem}.`],
    )
  }
}
