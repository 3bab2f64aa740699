import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { type ErrorCode, HoldfastError } from '../../../../engine/contract/errors.ts'
import type { DiskPicture, LibraryVersion } from '../../../../engine/contract/library.ts'
import { GB } from '../devices.ts'
import type { FakeWorld } from '../world.ts'
import type { FakeCalls } from './types.ts'

/** Restores, and the pictures of disks. */
export function restoresCalls(world: FakeWorld) {
  const plans = new Map<
    string,
    {
      kind: 'restore' | 'removal'
      destination: string
      versions: LibraryVersion[]
      confirmation: string
      target: string
    }
  >()

  const refusalOf = (device: DriveDevice, sizeBytes: number) => {
    const within = world.devices.filter(one => one.id === device.id || one.drives.includes(device.id))
    const holding = [...world.places.values()].flatMap(({ state }) =>
      state.state === 'connected' ? [state.drive] : [],
    )
    const refusal = (code: ErrorCode, message: string, advice: string) => ({ code, message, advice })
    if (device.isSystem)
      return refusal('target.systemDisk', `This computer runs from ${device.path}.`, 'Choose another.')
    if (within.some(({ id }) => holding.includes(id)))
      return refusal('target.holdsRepository', `A backup is on ${device.path}.`, 'Choose another disk.')
    if (within.some(({ mountPoints }) => mountPoints.length > 0))
      return refusal('target.mounted', `${device.path} is mounted.`, 'Unmount it first.')
    if (device.readOnly) return refusal('target.readOnly', `${device.path} is read-only.`, 'Look for a lock switch.')
    if (device.sizeBytes < sizeBytes)
      return refusal('target.tooSmall', `${device.path} is too small.`, 'Choose a larger disk.')
    return null
  }

  const partsOf = (disk: DriveDevice): DiskPicture['parts'] => {
    let offset = 1_048_576
    const parts: DiskPicture['parts'] = world.devices
      .filter(one => one.restsOn.includes(disk.id))
      .map(({ sizeBytes, fileSystem, mountPoints }) => {
        const part = { offset, length: sizeBytes, kind: 'partition' as const, mountPoints, usedBytes: null }
        offset += sizeBytes
        return { ...part, type: fileSystem?.type ?? null, label: fileSystem?.label ?? null }
      })
    const length = disk.sizeBytes - offset
    if (length <= 0) return parts
    return [...parts, { offset, length, kind: 'free', type: null, label: null, mountPoints: [], usedBytes: null }]
  }

  const picture = (version: LibraryVersion): DiskPicture => ({
    sizeBytes: version.sizeBytes,
    table: 'gpt',
    parts: [
      {
        offset: 1_048_576,
        length: 537_000_000,
        kind: 'partition',
        type: 'vfat',
        label: 'EFI',
        mountPoints: [],
        usedBytes: null,
      },
      {
        offset: 538_048_576,
        length: 1_500_000_000,
        kind: 'partition',
        type: 'ext4',
        label: 'boot',
        mountPoints: [],
        usedBytes: null,
      },
      {
        offset: 2_038_048_576,
        length: version.sizeBytes - 2_100_000_000,
        kind: 'partition',
        type: 'crypto_LUKS',
        label: null,
        mountPoints: [],
        usedBytes: null,
      },
    ],
  })

  return {
    'restores.targets': ({ destination, version }) => {
      const { sizeBytes } = world.version(destination, version)
      const targets = world.devices.map(device => ({ device, refusal: refusalOf(device, sizeBytes) }))
      const tooSmall = (freeBytes: number) =>
        freeBytes < sizeBytes
          ? { code: 'target.tooSmall' as const, message: 'There is not enough room.', advice: 'Choose another place.' }
          : null
      const { groups = [], volumes = [] } = world.lvm ?? {}
      return {
        targets,
        groups: groups.map(({ uuid, name, freeBytes }) => ({
          name,
          freeBytes,
          refusal: tooSmall(freeBytes),
          pools: volumes
            .filter(({ group, kind }) => group === uuid && kind === 'thin-pool')
            .map(pool => {
              const left = pool.sizeBytes * (1 - (pool.dataPercent ?? 0) / 100)
              return { name: pool.name, freeBytes: Math.round(left), refusal: tooSmall(left) }
            }),
        })),
      }
    },
    'restores.plan': ({ destination, version: id, target }) => {
      const version = world.version(destination, id)
      const planId = world.newId(32)
      const after = picture(version)
      if (target.kind === 'newFile') {
        plans.set(planId, { kind: 'restore', destination, versions: [version], confirmation: '', target: target.path })
        return {
          planId,
          version,
          target: { ...target, freeBytes: 900 * GB },
          before: { ...after, table: null, parts: [] },
          after,
          warnings: [],
        }
      }
      if (target.kind === 'newVolume') {
        const path = `/dev/${target.group}/${target.name}`
        plans.set(planId, { kind: 'restore', destination, versions: [version], confirmation: '', target: path })
        return {
          planId,
          version,
          target: {
            ...target,
            thinPool: target.thinPool ?? null,
            path,
            sizeBytes: version.sizeBytes,
            freeBytes: 900 * GB,
          },
          before: { ...after, table: null, parts: [] },
          after,
          warnings: [],
        }
      }
      const device = world.device(target.device)
      const refusal = refusalOf(device, version.sizeBytes)
      if (refusal) throw new HoldfastError(refusal.code, refusal.message, { advice: refusal.advice })
      const confirmation = (device.serial ?? device.path).slice(-4)
      plans.set(planId, {
        kind: 'restore',
        destination,
        versions: [version],
        confirmation,
        target: `${device.path} (${[device.model, `serial number ${device.serial}`].filter(Boolean).join(', ')})`,
      })
      return {
        planId,
        version,
        target: {
          kind: 'device',
          device,
          confirmation,
          confirmationOf: device.serial === null ? 'name' : 'serial',
          lost: world.devices
            .filter(one => one.drives.includes(device.id) && one.fileSystem)
            .map(one => ({
              label: one.fileSystem!.label,
              type: one.fileSystem!.type,
              sizeBytes: one.sizeBytes,
              lastMounted: null,
            })),
        },
        before: {
          sizeBytes: device.sizeBytes,
          table: device.partitionTable,
          parts: partsOf(device),
        },
        after,
        warnings: [],
      }
    },
    'restores.start': ({ planId, confirmation }) => {
      const plan = plans.get(planId)
      const version = plan?.versions[0]
      if (!plan || !version)
        throw new HoldfastError('config.notFound', 'The plan is too old.', { advice: 'Plan again.' })
      if (confirmation !== plan.confirmation) throw new HoldfastError('usage.invalid', 'The confirmation does not fit.')
      plans.delete(planId)
      const place = world.place(plan.destination)
      const facts = {
        kind: 'restore',
        job: null,
        place,
        trigger: 'manual',
        totalBytes: version.sizeBytes,
        phase: 'restoring',
        name: `${version.name} to ${plan.target}`,
        outcome: {
          kind: 'restore',
          version: version.id,
          versionName: version.name,
          versionDate: version.date,
          target: plan.target,
          writtenBytes: 0,
          skippedBytes: 0,
          verified: false,
          damaged: [] as { offset: number; length: number }[],
        },
      } as const
      const run = world.begin(facts, ended => {
        const isDamaged = version.status === 'damaged'
        ended.outcome = {
          ...facts.outcome,
          writtenBytes: version.sizeBytes,
          verified: true,
          damaged: isDamaged
            ? [
                { offset: 41 * GB, length: 262_144 },
                { offset: 77 * GB, length: 32_768 },
              ]
            : [],
        }
        if (isDamaged) ended.state = 'incomplete'
      })
      return { run: run.id }
    },
    'versions.picture': ({ destination, version }) => ({ picture: picture(world.version(destination, version)) }),
  } satisfies Partial<FakeCalls>
}
