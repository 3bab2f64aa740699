import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../../engine/contract/helperContract.ts'
import type { CallOutput } from '../../../../engine/contract/rpcContract.ts'
import { GB, usedShare } from '../devices.ts'
import type { FakeWorld } from '../world.ts'
import type { FakeCalls } from './types.ts'

/** What is connected, and where messages go. */
export function sourcesCalls(world: FakeWorld) {
  const { clock } = world
  const notices: CallOutput<HelperContract, 'notices.get'> = {
    email: null,
    webhook: null,
    deliveries: { email: null, webhook: null },
  }

  return {
    'sources.list': () => ({ devices: world.devices }),
    'sources.offerFile': ({ path }) => {
      if (!path.endsWith('.img') && !path.endsWith('.qcow2')) {
        throw new HoldfastError('source.unsupported', `${path} is no regular file.`, {
          advice: 'Choose an image file.',
        })
      }
      const source = world.newId()
      world.files.set(source, { path, sizeBytes: 40 * GB })
      return { source }
    },
    'sources.fileFacts': ({ source }) => {
      const file = world.files.get(source)
      if (!file) throw new HoldfastError('config.notFound', 'This file was not offered.')
      return { ...file, allocatedBytes: Math.round(file.sizeBytes * 0.4) }
    },
    'sources.usage': () => ({
      usages: world.devices.flatMap(({ id, sizeBytes }) => {
        const share = usedShare[id]
        if (share === undefined) return []
        const usedBytes = Math.round(sizeBytes * share)
        return [{ device: id, usedBytes, freeBytes: sizeBytes - usedBytes }]
      }),
    }),
    'notices.get': () => structuredClone(notices),
    'notices.set': ({ email, webhook }) => {
      const idle = { waiting: 0, dropped: 0, error: null, lastDeliveredAt: null }
      notices.email = email && { host: email.host, port: email.port, tls: email.tls, from: email.from, to: email.to }
      notices.webhook = webhook
      notices.deliveries = { email: email && { ...idle }, webhook: webhook && { ...idle } }
      return {}
    },
    'notices.test': () => {
      for (const delivery of [notices.deliveries.email, notices.deliveries.webhook]) {
        if (delivery) delivery.lastDeliveredAt = clock.iso()
      }
      return {}
    },
    'drives.eject': ({ drive }) => {
      const gone = world.devices.filter(device => device.drives.includes(drive)).map(({ id }) => id)
      world.devices = world.devices.filter(({ id }) => !gone.includes(id))
      world.topics.drives.tell(world.inventory())
      for (const place of world.places.values()) {
        if (place.state.state === 'connected' && place.state.drive !== null && gone.includes(place.state.drive)) {
          world.setPlaceState(place.destination.id, { state: 'missing', lastSeenAt: clock.iso() })
        }
      }
      return { unmounted: [], poweredOff: true, note: null }
    },
  } satisfies Partial<FakeCalls>
}
