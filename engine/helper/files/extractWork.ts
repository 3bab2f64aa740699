import { HoldfastError, isHoldfastError } from '../../contract/errors.ts'
import type { RunOutcome } from '../../contract/jobs.ts'
import { extract, isDamage } from '../../files/extract.ts'
import type { Peer } from '../../rpc/peer.ts'
import type { Helper } from '../helper.ts'
import { versionText } from '../restores/plan.ts'
import { lookAround } from '../restores/targets.ts'
import type { Task, TaskContext } from '../taskRuns.ts'
import { type ExtractPlan, itemsOf, mostReplaced, withOwnAttachment } from './extractPlan.ts'
import { leaveOutRights } from './leftOut.ts'
import { makeTargetFolder } from './targetFolder.ts'

const mostProblems = 50

/** The run that copies files as planned, which `peer` was allowed to. */
export function extractTask(helper: Helper, plan: ExtractPlan, peer: Peer): Task {
  const { version, folder, paths } = plan
  const what = paths.length === 1 ? paths[0] || plan.volume : `${paths.length} files and folders`
  const outcome: Extract<RunOutcome, { kind: 'extract' }> = {
    kind: 'extract',
    version: version.id,
    versionName: version.name,
    versionDate: version.date,
    target: folder,
    ...{ entries: 0, bytes: 0, replacedCount: 0, problems: [], problemCount: 0 },
  }
  const recorded = (result: 'done' | 'failed', reason?: string) =>
    // What is done is done, and the trail has told the log why it could not be written.
    helper.erasing.recordReading(peer, versionText(version), result, reason).catch(() => undefined)
  return {
    kind: 'extract',
    destination: helper.destinations.resolve(version.destination),
    title: `${what} of ${version.name} to ${folder}`,
    outcome,
    async work(context) {
      const result = await copy(helper, plan, context)
      const { entries, bytes, replaced, problems } = result
      for (const line of problems.slice(0, 1000)) context.log('warn', line)
      await recorded('done')
      return {
        outcome: {
          ...{ ...outcome, entries, bytes },
          replacedCount: replaced.length,
          problems: problems.slice(0, mostProblems),
          problemCount: problems.length,
        },
        ...(problems.length > 0 && { error: notInFull(problems) }),
      }
    },
    failed: error => recorded('failed', isHoldfastError(error) ? error.code : 'internal.bug'),
  }
}

async function copy(helper: Helper, plan: ExtractPlan, { signal, onProgress, log }: TaskContext) {
  const { attachment, version, volume, paths, owner, existing } = plan
  const { repositoryPaths } = await lookAround(helper, signal)
  return await helper.attachments.files.hold(attachment, async files => {
    const items = await itemsOf(files, volume, paths)
    const wish = { path: plan.folder, owner, rules: helper.folderRules, repositoryPaths }
    const target = await makeTargetFolder(wish)
    try {
      log('info', `Copying files of ${version.name} (${version.id}) to ${plan.folder}.`)
      return await withOwnAttachment(helper.attachments, `files of ${version.name} on their way`, own =>
        extract(own, items, {
          ...{ version: version.id, destination: plan.folder, folder: target.folder, existing, dryRun: false },
          mayReplace: new Set(existing === 'replace' ? plan.replaced : []),
          mostConflicts: mostReplaced,
          ...(owner !== null && owner.uid !== 0 && { beforePlacing: leaveOutRights }),
          ...{ signal, onProgress },
        }),
      )
    } catch (error) {
      await target.discard()
      throw error
    } finally {
      await target.close()
    }
  })
}

function notInFull(problems: readonly string[]): HoldfastError {
  const isDamaged = problems.some(isDamage)
  return new HoldfastError(
    isDamaged ? 'integrity.damageFound' : 'files.copyFailed',
    `Not everything could be copied in full: ${problems.slice(0, 3).join('; ')}`,
    {
      advice: isDamaged ? 'Look for the same files in another version.' : 'The rest was copied; the log lists them.',
      details: { problems: problems.slice(0, mostProblems), count: problems.length },
    },
  )
}
