import type { restoreCalls } from '../../contract/calls/restores.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'
import { withDestination } from '../openDestination.ts'
import { Plans } from '../plans.ts'
import { sameDevice } from '../restores/deviceIdentity.ts'
import { groupsFor } from '../restores/newVolumes.ts'
import { erasureOf, planRestore, type RestorePlan, requireConfirmation, versionText } from '../restores/plan.ts'
import { lookAround, refusalOf } from '../restores/targets.ts'
import { recordFailure, restoreTask } from '../restores/work.ts'

/** What answers the calls of contract/calls/restores.ts. */
export function restoreHandlers(helper: Helper): Pick<Handlers<HelperContract>, keyof typeof restoreCalls> {
  const { destinations, desk, engine, erasing, library, tasks } = helper
  const plans = new Plans<RestorePlan>(helper.clock)

  return {
    'restores.targets': async ({ destination, version }, { signal }) => {
      const from = destinations.resolve(destination)
      // Remembered, so that a person may choose before the drive is at hand.
      const known = library.find(from.id, version)
      if (!known) {
        // Whoever may only look must not make a drive be mounted.
        const state = await desk.look(from, signal)
        if (state.state !== 'connected') throw desk.notConnected(from, state)
      }
      const { sizeBytes, holeBytes } =
        known ?? (await withDestination({ connector: desk, engine }, from, signal, session => session.show(version)))
      const around = await lookAround(helper, signal)
      const targets = []
      for (const device of around.inventory.devices) {
        targets.push({ device, refusal: (await refusalOf(device, sizeBytes, around)) ?? null })
      }
      const groups = await groupsFor({ sizeBytes, dataBytes: sizeBytes - holeBytes }, signal)
      return { targets, groups }
    },
    'restores.plan': async (input, context) => {
      const { plan, answer } = await planRestore(helper, input, context)
      return { planId: plans.add(plan, context.peer), ...answer }
    },
    'restores.start': async ({ planId, confirmation }, { peer, signal }) => {
      const plan = plans.take(planId, peer, one => requireConfirmation(one, confirmation))
      const task = restoreTask(helper, plan, peer)
      const erasure = erasureOf(plan)
      const { target } = plan
      if (erasure) await erasing.authorise(peer, erasure, signal)
      else if (target.kind === 'newVolume') {
        await erasing.authoriseNewVolume(peer, `${target.group}/${target.name}`, versionText(plan.version), signal)
      } else await erasing.authoriseReading(peer, versionText(plan.version), signal)
      try {
        // The run looks once more, right before it writes; but whoever asks should hear of it now.
        if (target.kind === 'device') await sameDevice(target, await helper.readDrives(signal))
        return { run: tasks.start(task).id }
      } catch (error) {
        await recordFailure(helper, plan, peer, error)
        throw error
      }
    },
  }
}
