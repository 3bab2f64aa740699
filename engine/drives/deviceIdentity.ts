import { createHash } from 'node:crypto'
import type { BlockDevice } from '../base/linux/blockDevices.ts'
import type { DeviceFacts } from './deviceFacts.ts'

/** A block device with all that is known of it. */
export interface KnownDevice extends BlockDevice {
  facts: DeviceFacts
  /** Of the device mapper: unique among its devices, and the same after a restart. */
  mappedUuid: string | undefined
  /** The kernel's diskseq. */
  sequence: number | undefined
}

/**
 * Ids for a whole inventory, by the names of its devices. An id is a hash over what stays when the drive is unplugged and
 * comes back under another name: serial, model and size of a disk, what its partition table calls a partition, the uuid of
 * a volume, the file of a loop device. Disks that say nothing of themselves go by their content, or else by their place.
 *
 * Devices that cannot be told apart so (a cloned drive, drives with the serial "123456789ABC") also get their place into
 * the hash. The id that one of them had alone is gone then, so that it cannot mean the other.
 */
export function deviceIds(devices: readonly KnownDevice[]): Map<string, string> {
  const byName = new Map(devices.map(device => [device.name, device]))
  const identities = new Map<string, string>()
  const identityOf = (device: KnownDevice): string => {
    const known = identities.get(device.name)
    if (known !== undefined) return known
    // Against circles, which no kernel makes.
    identities.set(device.name, placeOf(device))
    const below = device.restsOn.map(name => byName.get(name)).filter(other => other !== undefined)
    const identity = JSON.stringify(describe(device, below.map(identityOf).sort()))
    identities.set(device.name, identity)
    return identity
  }
  for (const device of devices) identityOf(device)

  const counts = new Map<string, number>()
  for (const identity of identities.values()) counts.set(identity, (counts.get(identity) ?? 0) + 1)
  return new Map(
    devices.map(device => {
      const identity = identities.get(device.name)!
      return [device.name, hash(counts.get(identity) === 1 ? identity : `${identity}\n${placeOf(device)}`)]
    }),
  )
}

function describe(device: KnownDevice, below: readonly string[]): unknown[] {
  const { facts, kind, sizeBytes, name } = device
  switch (kind) {
    case 'partition':
      return [kind, below, facts.partitionUuid ?? /\d+$/.exec(name)?.[0] ?? name, sizeBytes]
    case 'loop':
      return [kind, device.backingFile ?? name, sizeBytes]
    case 'raid':
      // The number of an array is not the same everywhere; its members are.
      return below.length > 0 ? [kind, below] : [kind, placeOf(device)]
    case 'lvm':
    case 'crypt':
    case 'mapped':
      return [kind, device.mappedUuid || device.label, below]
    case 'disk':
      if (facts.serial ?? facts.wwn) return [kind, facts.serial, facts.wwn, facts.model, sizeBytes]
      if (facts.partitionTableUuid) return [kind, 'table', facts.partitionTableUuid, sizeBytes]
      if (facts.fileSystemUuid) return [kind, 'content', facts.fileSystemUuid, sizeBytes]
      return [kind, 'place', placeOf(device)]
  }
}

const placeOf = (device: KnownDevice) => JSON.stringify([device.name, device.id, device.sequence ?? null])

const hash = (identity: string) =>
  createHash('sha256').update(`holdfast/v1/device\n${identity}`).digest('hex').slice(0, 32)
