import { systemAccess } from '../../base/linux/system.ts'
import { HoldfastError, isHoldfastError } from '../../contract/errors.ts'
import type { RunOutcome } from '../../contract/jobs.ts'
import type { RestoreResult } from '../../contract/models.ts'
import { nodeOf } from '../../drives/mountPrograms.ts'
import type { Session } from '../../engineApi.ts'
import type { Peer } from '../../rpc/peer.ts'
import type { Helper } from '../helper.ts'
import type { Task, TaskContext } from '../taskRuns.ts'
import { sameDevice } from './deviceIdentity.ts'
import { makeNewFile } from './newFile.ts'
import { erasureOf, type RestorePlan, targetText } from './plan.ts'
import { lookAround, refusalOf } from './targets.ts'

type RestoreOutcome = Extract<RunOutcome, { kind: 'restore' }>
type RestoreOptions = Parameters<Session['restore']>[2]

/** Name of the fact that says when something was last restored, verified and found whole; milliseconds since 1970 UTC. */
export const restoreTestedFact = 'restoreTestedAt'

/** The run that carries a plan out, which `peer` was allowed to. */
export function restoreTask(helper: Helper, plan: RestorePlan, peer: Peer): Task {
  const { version } = plan
  const outcome: RestoreOutcome = {
    kind: 'restore',
    version: version.id,
    versionName: version.name,
    versionDate: version.date,
    target: targetText(plan),
    writtenBytes: 0,
    skippedBytes: 0,
    verified: false,
    damaged: [],
  }
  return {
    kind: 'restore',
    destination: helper.destinations.resolve(plan.destination),
    title: `${version.name} to ${plan.target.kind === 'device' ? plan.target.device.path : plan.target.path}`,
    outcome,
    work: context => new RestoreWork(helper, plan, peer, context, outcome).run(),
    failed: error => recordFailure(helper, plan, peer, error),
  }
}

class RestoreWork {
  readonly #helper: Helper
  readonly #plan: RestorePlan
  readonly #peer: Peer
  readonly #context: TaskContext
  readonly #warnings: string[] = []
  #outcome: RestoreOutcome

  constructor(helper: Helper, plan: RestorePlan, peer: Peer, context: TaskContext, outcome: RestoreOutcome) {
    this.#helper = helper
    this.#plan = plan
    this.#peer = peer
    this.#context = context
    this.#outcome = outcome
  }

  async run(): ReturnType<Task['work']> {
    const warnings = this.#warnings
    let result: 'success' | 'failure' = 'failure'
    try {
      warnings.push(...(await this.#hook('before-restore')))
      const error = await this.#restore()
      if (!error) result = 'success'
      await recordEnd(this.#helper, this.#plan, this.#peer, 'done')
      return { outcome: this.#outcome, warnings, ...(error && { error }) }
    } finally {
      // Also after a failure: it undoes what the one before has done.
      warnings.push(...(await this.#hook('after-restore', result).catch(error => [String(error)])))
    }
  }

  /** Answers with the error of a restore that went through and left something out. */
  async #restore(): Promise<HoldfastError | undefined> {
    const { target } = this.#plan
    const result = await this.#to(target)
    const { writtenBytes, skippedBytes, verified, damaged, table } = result
    this.#outcome = { ...this.#outcome, writtenBytes, skippedBytes, verified, damaged, table }
    for (const warning of result.warnings) this.#context.log('warn', warning)
    this.#warnings.push(...result.warnings)
    this.#context.run.outcome = this.#outcome
    if (damaged.length === 0) {
      if (verified) this.#helper.facts.set(restoreTestedFact, this.#helper.clock.now())
      return undefined
    }
    const bytes = damaged.reduce((sum, range) => sum + range.length, 0)
    return new HoldfastError('integrity.damageFound', `${bytes} bytes of the version could not be restored.`, {
      advice: 'Look for the same data in another version or another destination.',
      details: { damaged: damaged.slice(0, 50) },
    })
  }

  #to(target: RestorePlan['target']): Promise<RestoreResult> {
    switch (target.kind) {
      case 'device':
        return this.#toDevice(target)
      case 'newFile':
        return this.#toNewFile(target)
      case 'newVolume':
        return this.#toNewVolume(target)
    }
  }

  async #toDevice(target: Extract<RestorePlan['target'], { kind: 'device' }>): Promise<RestoreResult> {
    const { version, delta, grow } = this.#plan
    const { signal, session } = this.#context
    const around = await lookAround(this.#helper, signal)
    const device = await sameDevice(target, around.inventory)
    const refusal = await refusalOf(device, version.sizeBytes, around)
    if (refusal) throw new HoldfastError(refusal.code, refusal.message, { advice: refusal.advice })
    const node = await nodeOf(device, systemAccess)
    this.#context.log('info', `Restoring ${version.name} (${version.id}) to ${targetText(this.#plan)}.`)
    try {
      const expect = { sizeBytes: device.sizeBytes, ends: target.ends }
      return await session.restore(version.id, node, { ...this.#options(), delta, grow, expect })
    } finally {
      this.#helper.drives.look()
    }
  }

  /** It is made by the restore, and taken away again by it when that fails. */
  async #toNewVolume({ group, name, thinPool }: Extract<RestorePlan['target'], { kind: 'newVolume' }>) {
    const { version, grow } = this.#plan
    this.#context.log('info', `Restoring ${version.name} (${version.id}) to the new volume ${group}/${name}.`)
    const options = { ...this.#options(), grow, ...(thinPool !== null && { thinPool }) }
    try {
      return await this.#context.session.restore(version.id, `lvm:${group}/${name}`, options)
    } finally {
      this.#helper.drives.look()
    }
  }

  async #toNewFile({ path, owner }: Extract<RestorePlan['target'], { kind: 'newFile' }>): Promise<RestoreResult> {
    const { version } = this.#plan
    const file = await makeNewFile({ path, owner, rules: this.#helper.folderRules })
    this.#context.log('info', `Restoring ${version.name} (${version.id}) to ${path}.`)
    try {
      const result = await this.#context.session.restore(version.id, file.target, this.#options())
      await file.give()
      return result
    } catch (error) {
      await file.discard()
      this.#context.log('info', 'The file was not finished and has been removed.')
      throw named(error, file.target, path)
    } finally {
      await file.close()
    }
  }

  #options(): RestoreOptions {
    const { signal, onProgress } = this.#context
    return {
      force: true,
      verify: this.#plan.verify,
      signal,
      onProgress: progress => {
        if (progress.phase === 'restoring') {
          // For a restore that is broken off.
          this.#outcome = { ...this.#outcome, writtenBytes: progress.doneBytes }
          this.#context.run.outcome = this.#outcome
        }
        onProgress(progress)
      },
    }
  }

  async #hook(moment: 'before-restore' | 'after-restore', result?: 'success' | 'failure'): Promise<string[]> {
    const { version } = this.#plan
    const job = version.job === null ? undefined : this.#helper.jobs.find(version.job)
    if (!job) return []
    const { run, signal, log } = this.#context
    const facts = { signal, version: version.id, ...(result && { result }) }
    const warnings = await this.#helper.hooks.run(moment, job, run, facts)
    for (const warning of warnings) log('warn', warning)
    return warnings
  }
}

/** Writes down that what was allowed came to nothing, or to an end in the middle. */
export async function recordFailure(helper: Helper, plan: RestorePlan, peer: Peer, error: unknown): Promise<void> {
  await recordEnd(helper, plan, peer, 'failed', isHoldfastError(error) ? error.code : 'internal.bug')
}

async function recordEnd(
  helper: Helper,
  plan: RestorePlan,
  peer: Peer,
  result: 'done' | 'failed',
  reason?: string,
): Promise<void> {
  const erasure = erasureOf(plan)
  if (!erasure) return
  // What is done is done, and the trail has told the log why it could not be written.
  await helper.erasing.record(peer, erasure, result, reason).catch(() => undefined)
}

/** The same error with the name by which people know the file. */
function named(error: unknown, handle: string, path: string): unknown {
  if (!isHoldfastError(error) || !error.message.includes(handle)) return error
  const { code, message, advice, details, retryable } = error
  return new HoldfastError(code, message.replaceAll(handle, path), {
    ...(advice !== undefined && { advice }),
    details: { ...details, path },
    retryable,
    cause: error,
  })
}
