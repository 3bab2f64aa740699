import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'
import { isHoldfastError } from '../contract/errors.ts'

/** Whether traffic costs money; yes also when NetworkManager only guesses so (a phone's hotspot). */
export type Metered = 'yes' | 'no' | 'unknown'

/** NetworkManager answers at once or not at all. */
const timeoutMs = 3000

const routeUp = 0x1
const routeReject = 0x200

/** Interfaces of the best default routes in /proc/net/route (IPv4); the lowest metric wins, and equals share. */
export function defaultRoutes(table: string): string[] {
  const routes = table
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
  return best(
    routes
      .filter(([, destination, , flags, , , , mask]) => {
        const bits = Number.parseInt(flags ?? '', 16)
        return destination === '00000000' && mask === '00000000' && (bits & routeUp) !== 0 && (bits & routeReject) === 0
      })
      .map(fields => ({ name: fields[0]!, metric: Number(fields[6]) })),
  )
}

/** The same from /proc/net/ipv6_route, where numbers are hexadecimal and unreachable defaults are listed, too. */
export function defaultRoutes6(table: string): string[] {
  const routes = table.split('\n').map(line => line.trim().split(/\s+/))
  return best(
    routes
      .filter(([destination, prefix, , , , , , , flags, name]) => {
        const bits = Number.parseInt(flags ?? '', 16)
        const isDefault = /^0{32}$/.test(destination ?? '') && prefix === '00'
        return isDefault && (bits & routeUp) !== 0 && (bits & routeReject) === 0 && name !== 'lo'
      })
      .map(fields => ({ name: fields[9]!, metric: Number.parseInt(fields[5]!, 16) })),
  )
}

/** The gateways of the default routes with their interfaces, in the order of the tables; '' without any. Never fails. */
export async function readRoutes(procRoot = '/proc'): Promise<string> {
  const table = (name: string) => readFile(join(procRoot, 'net', name), 'utf8').catch(() => '')
  const [four, six] = await Promise.all([table('route'), table('ipv6_route')])
  const rows = (text: string) => text.split('\n').map(line => line.trim().split(/\s+/))
  const gateways = rows(four)
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([name, , gateway]) => `${name} ${gateway}`)
  const gateways6 = rows(six)
    .filter(
      ([destination = '', prefix, , , , , , , , name]) =>
        /^0{32}$/.test(destination) && prefix === '00' && name !== 'lo',
    )
    .map(fields => `${fields[9]} ${fields[4]}`)
  return [...gateways, ...gateways6].join(', ')
}

function best(routes: readonly { name: string; metric: number }[]): string[] {
  const lowest = Math.min(...routes.map(({ metric }) => metric))
  return [...new Set(routes.filter(({ metric }) => metric === lowest).map(({ name }) => name))]
}

/**
 * Parses `nmcli -t -f GENERAL.DEVICE,GENERAL.METERED device show` into answers by interface. NetworkManager says
 * 'yes (guessed)' where it goes by the kind of connection or what the phone at the other end says.
 */
export function parseNmcli(output: string): Map<string, Metered> {
  const answers = new Map<string, Metered>()
  let device: string | undefined
  for (const line of output.split('\n')) {
    const [, field, value] = /^GENERAL\.(DEVICE|METERED):(.*)$/.exec(line.trim()) ?? []
    if (field === 'DEVICE') device = value!.replace(/\\(.)/g, '$1')
    if (field === 'METERED' && device !== undefined) answers.set(device, meaningOf(value!))
  }
  return answers
}

function meaningOf(text: string): Metered {
  const word = text.trim().split(/\s/)[0]
  return word === 'yes' || word === 'no' ? word : 'unknown'
}

/** Parses `busctl get-property … Metered`: 'u 4'. NMMetered: 1 yes, 2 no, 3 yes and 4 no by guess; that of the best route. */
export function parseBusctl(output: string): Metered {
  const number = /^u (\d+)\s*$/.exec(output)?.[1]
  if (number === '1' || number === '3') return 'yes'
  return number === '2' || number === '4' ? 'no' : 'unknown'
}

/**
 * Joins the answers for the interfaces that traffic leaves by. IPv4 and IPv6 may go different ways, so one that costs money
 * is enough. `overall` is for those that NetworkManager does not know, such as the tunnel of a VPN.
 */
export function judgeMetered(
  interfaces: readonly string[],
  answers: ReadonlyMap<string, Metered>,
  overall: Metered,
): Metered {
  const known = interfaces.map(name => answers.get(name) ?? 'unknown')
  if (known.includes('yes')) return 'yes'
  if (known.length === 0 || known.includes('unknown')) return overall
  return 'no'
}

export interface MeteredAccess {
  run: RunSystemProgram
  /** Normally '/proc'. */
  procRoot: string
}

/**
 * Whether the default route costs money. unknown: NetworkManager is not there, does not answer in time or does not know.
 * For destinations in the network only; a local drive costs nothing. Only fails with `run.cancelled`.
 */
export async function readMetered(
  access: MeteredAccess = { run: runSystemProgram, procRoot: '/proc' },
  signal?: AbortSignal,
): Promise<Metered> {
  const table = (name: string) => readFile(join(access.procRoot, 'net', name), 'utf8').catch(() => '')
  const [four, six] = await Promise.all([table('route'), table('ipv6_route')])
  const interfaces = [...new Set([...defaultRoutes(four), ...defaultRoutes6(six)])]
  if (interfaces.length === 0) return 'unknown'

  const ask = async (program: string, args: string[]) => {
    try {
      const limits = { failureCode: 'storage.failed' as const, timeoutMs, maxOutputBytes: 1024 * 1024 }
      return (await access.run(program, args, signal === undefined ? limits : { ...limits, signal })).stdout.toString()
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      return ''
    }
  }
  const answers = parseNmcli(await ask('nmcli', ['-t', '-f', 'GENERAL.DEVICE,GENERAL.METERED', 'device', 'show']))
  const certain = judgeMetered(interfaces, answers, 'unknown')
  if (certain !== 'unknown') return certain
  const name = 'org.freedesktop.NetworkManager'
  const property = ['--system', 'get-property', name, '/org/freedesktop/NetworkManager', name, 'Metered']
  return parseBusctl(await ask('busctl', property))
}
