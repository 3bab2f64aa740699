import { access } from 'node:fs/promises'
import type { Clock } from '../engine/base/clock.ts'
import { HoldfastError, isHoldfastError } from '../engine/contract/errors.ts'
import { helperContract } from '../engine/contract/helperContract.ts'
import { connectUnix } from '../engine/rpc/unixClient.ts'
import { isAbsent } from './absent.ts'
import type { HelperLink } from './helperLink.ts'
import { type HelperPlaces, serviceUnits } from './helperPlaces.ts'
import type { OwnHelper } from './ownHelper.ts'

export interface FindOptions {
  places: HelperPlaces
  uid: number
  /** Version of the app. */
  program: string
  clock: Clock
  ownHelper: OwnHelper
  /** Whether the service is installed, also while it does not run. */
  hasService?: () => Promise<boolean>
}

/**
 * Connects to the service of this computer; where there is none, to the helper of this person, which is started if it does not run.
 * As connectUnix and OwnHelper.start fail; all of that may be tried again.
 */
export async function findHelper(options: FindOptions): Promise<HelperLink> {
  const { places, uid, program, clock, ownHelper } = options
  const connect = (path: string, trustedUids: number[]) =>
    connectUnix(helperContract, { path, trustedUids, program, clock })

  if (places.system !== null) {
    try {
      return { client: await connect(places.system, []), kind: 'service' }
    } catch (error) {
      if (!isAbsent(error) || (await (options.hasService ?? hasService)())) throw error
    }
  }
  const connectOwn = async (): Promise<HelperLink> => ({ client: await connect(places.own, [uid]), kind: 'own' })
  try {
    return await connectOwn()
  } catch (error) {
    if (isHoldfastError(error, 'helper.incompatible')) throw incompatibleOwn(error)
    if (!isAbsent(error)) throw error
  }
  return ownHelper.start(connectOwn)
}

async function hasService(): Promise<boolean> {
  for (const unit of serviceUnits) {
    const found = await access(unit).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** A helper of this person that an app of another version has started; systemd knows nothing of it. */
function incompatibleOwn(error: HoldfastError): HoldfastError {
  const { client, server } = error.details as Record<'client' | 'server', { protocol: number } | undefined>
  const appIsOlder = client !== undefined && server !== undefined && client.protocol < server.protocol
  return new HoldfastError('helper.incompatible', error.message, {
    advice: appIsOlder
      ? 'Close this program and start it again; if that does not help, update it.'
      : 'The background service is from before an update: end your session and log in again, and it starts anew.',
    details: error.details,
  })
}
