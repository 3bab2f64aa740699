import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { System } from '../../engine/base/linux/systemRecord.ts'
import type { DriveInventory } from '../../engine/contract/drives.ts'
import { parseLsblk } from '../../engine/drives/deviceFacts.ts'
import type { KnownDevice } from '../../engine/drives/deviceIdentity.ts'
import { buildInventory } from '../../engine/drives/inventory.ts'
import { parseDisks, parseFullReport } from '../../engine/drives/lvmReport.ts'
import type { LvmAnswer } from '../../engine/drives/volumes.ts'

/** The computer of test/vm/machine/disks.sh as it was recorded (see test/vm/devices.test.ts). */

export const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'lvmMachine', name), 'utf8')

export function lvmAnswer(disks = 'lvm-disks.txt'): LvmAnswer {
  return { state: 'known', ...parseFullReport(recorded('lvm-report.txt'))!, disks: parseDisks(recorded(disks))! }
}

/** Its inventory; without an answer nobody has asked LVM. */
export function lvmMachine(lvm?: LvmAnswer): DriveInventory {
  const { system, mappedUuids } = JSON.parse(recorded('system.txt')) as {
    system: System
    mappedUuids: Record<string, string>
  }
  const facts = parseLsblk(recorded('lsblk.txt'))!
  const devices = system.devices.map(
    (device): KnownDevice => ({
      ...device,
      facts: facts.get(device.id) ?? {},
      mappedUuid: mappedUuids[device.name],
      sequence: undefined,
    }),
  )
  return buildInventory(system, devices, lvm)
}
