import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type PowerSource = 'mains' | 'battery' | 'unknown'

/** What the kernel says of one power supply: the files in its folder, trimmed (Documentation/ABI/testing/sysfs-class-power). */
export interface PowerSupply {
  type: string | undefined
  online: string | undefined
  status: string | undefined
  scope: string | undefined
}

/**
 * Whether the computer runs on its battery, as systemd's ConditionACPower decides it: it does when some battery of its own
 * discharges and nothing feeds it. A computer without batteries runs on mains.
 */
export function judgePower(supplies: readonly PowerSupply[]): PowerSource {
  // Mice and headsets have batteries, too.
  const own = supplies.filter(({ scope }) => scope !== 'Device')
  // A charger that is plugged in counts even while the battery makes up for what it lacks.
  const isFed = own.some(
    ({ type, online }) => type !== 'Battery' && type !== 'UPS' && online !== undefined && online !== '0',
  )
  const discharges = own.some(({ type, status }) => (type === 'Battery' || type === 'UPS') && status === 'Discharging')
  return discharges && !isFed ? 'battery' : 'mains'
}

/** Looks at the power supplies under `sysRoot` (normally '/sys'). Never fails. */
export async function readPower(sysRoot = '/sys'): Promise<PowerSource> {
  const folder = join(sysRoot, 'class/power_supply')
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : undefined,
  )
  if (names === undefined) return 'unknown'
  const read = (name: string, attribute: string) =>
    readFile(join(folder, name, attribute), 'utf8').then(
      text => text.trim(),
      // A driver that is asked while the computer wakes may fail.
      () => undefined,
    )
  const supplies = await Promise.all(
    names.map(async (name): Promise<PowerSupply> => {
      const [type, online, status, scope] = await Promise.all(
        ['type', 'online', 'status', 'scope'].map(attribute => read(name, attribute)),
      )
      return { type, online, status, scope }
    }),
  )
  return judgePower(supplies)
}
