import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  defaultRoutes,
  defaultRoutes6,
  judgeMetered,
  parseBusctl,
  parseNmcli,
  readMetered,
  readRoutes,
} from '../../../engine/conditions/metered.ts'
import { type FakeProgram, fakePrograms } from '../../support/fakeDrives.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

const routeHead = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const route = (name: string, destination: string, metric: number, { flags = '0003', mask = '00000000' } = {}) =>
  `${name}\t${destination}\t0101A8C0\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`

describe('the default routes', () => {
  test('of IPv4 are those with the lowest metric', () => {
    const wifi = route('wlp3s0', '00000000', 600)
    const cable = route('enp2s0', '00000000', 100)
    const local = route('enp2s0', '0001A8C0', 100, { flags: '0001', mask: '00FFFFFF' })
    expect(defaultRoutes(routeHead + wifi + cable + local)).toEqual(['enp2s0'])
    expect(defaultRoutes(routeHead + wifi + local)).toEqual(['wlp3s0'])
    expect(defaultRoutes(routeHead + wifi + route('usb0', '00000000', 600))).toEqual(['wlp3s0', 'usb0'])
  })

  test('of IPv4 are none without a network, when refused, or for half of the addresses', () => {
    expect(defaultRoutes('')).toEqual([])
    expect(defaultRoutes(routeHead)).toEqual([])
    expect(defaultRoutes(routeHead + route('*', '00000000', 0, { flags: '0201' }))).toEqual([])
    expect(defaultRoutes(routeHead + route('tun0', '00000000', 0, { mask: '00000080' }))).toEqual([])
  })

  test('of IPv6 are not those that lead nowhere', () => {
    const zeros = '0'.repeat(32)
    const table = [
      `fe80${'0'.repeat(28)} 40 ${zeros} 00 ${zeros} 00000400 00000001 00000000 00000001   wlp3s0`,
      `${zeros} 00 ${zeros} 00 fe80000000000000021122fffe334455 00000258 00000003 00000000 00000003   wlp3s0`,
      `${zeros} 00 ${zeros} 00 fe80000000000000021122fffe334456 000003e8 00000003 00000000 00000003   wwan0`,
      `${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo`,
      '',
    ].join('\n')
    expect(defaultRoutes6(table)).toEqual(['wlp3s0'])
    expect(defaultRoutes6('')).toEqual([])
  })
})

test('the ways out of the computer are told apart by interface and gateway', async () => {
  expect(await readRoutes(folder.path)).toBe('')
  await mkdir(join(folder.path, 'net'))
  const zeros = '0'.repeat(32)
  const local = route('enp2s0', '0001A8C0', 100, { flags: '0001', mask: '00FFFFFF' })
  await writeFile(join(folder.path, 'net/route'), routeHead + route('wlp3s0', '00000000', 600) + local)
  await writeFile(
    join(folder.path, 'net/ipv6_route'),
    `${zeros} 00 ${zeros} 00 fe80000000000000021122fffe334455 00000258 00000003 00000000 00000003   wlp3s0
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo\n`,
  )
  expect(await readRoutes(folder.path)).toBe('wlp3s0 0101A8C0, wlp3s0 fe80000000000000021122fffe334455')
})

describe('what NetworkManager says', () => {
  const terse = [
    'GENERAL.DEVICE:wlp3s0',
    'GENERAL.METERED:yes (guessed)',
    '',
    'GENERAL.DEVICE:enp2s0',
    'GENERAL.METERED:no (guessed)',
    '',
    'GENERAL.DEVICE:AA\\:BB\\:CC',
    'GENERAL.METERED:yes',
    '',
    'GENERAL.DEVICE:p2p-dev-wlp3s0',
    'GENERAL.METERED:unknown',
    '',
    'GENERAL.DEVICE:lo',
    'GENERAL.METERED:no',
    '',
  ].join('\n')

  test('through nmcli is read by interface, and a guess counts', () => {
    expect(Object.fromEntries(parseNmcli(terse))).toEqual({
      wlp3s0: 'yes',
      enp2s0: 'no',
      'AA:BB:CC': 'yes',
      'p2p-dev-wlp3s0': 'unknown',
      lo: 'no',
    })
    expect(parseNmcli('Error: NetworkManager is not running.\n').size).toBe(0)
  })

  test.each([
    ['u 0\n', 'unknown'],
    ['u 1\n', 'yes'],
    ['u 2\n', 'no'],
    ['u 3\n', 'yes'],
    ['u 4\n', 'no'],
    ['u 14\n', 'unknown'],
    ['s "yes"\n', 'unknown'],
    ['', 'unknown'],
  ])('through busctl as %j is %s', (output, metered) => {
    expect(parseBusctl(output)).toBe(metered)
  })

  test.each([
    ['one way that costs', ['a'], 'unknown', 'yes'],
    ['one of two ways that costs', ['b', 'a'], 'unknown', 'yes'],
    ['ways that do not', ['b'], 'yes', 'no'],
    ['a tunnel, by the connection below it', ['tun0'], 'yes', 'yes'],
    ['no way at all', [], 'unknown', 'unknown'],
  ] as const)('of %s is judged', (_, interfaces, overall, metered) => {
    expect(
      judgeMetered(
        interfaces,
        new Map([
          ['a', 'yes'],
          ['b', 'no'],
        ]),
        overall,
      ),
    ).toBe(metered)
  })

  async function ask(table: string, programs: Record<string, FakeProgram>) {
    await mkdir(join(folder.path, 'net'), { recursive: true })
    await writeFile(join(folder.path, 'net/route'), table)
    const { run, calls } = fakePrograms(programs)
    return { metered: await readMetered({ run, procRoot: folder.path }), programs: calls.map(([name]) => name) }
  }

  test('is asked for the interface of the default route', async () => {
    const nmcli: FakeProgram = () => ({ stdout: terse })
    expect(await ask(routeHead + route('wlp3s0', '00000000', 600), { nmcli })).toEqual({
      metered: 'yes',
      programs: ['nmcli'],
    })
    expect((await ask(routeHead + route('enp2s0', '00000000', 100), { nmcli })).metered).toBe('no')
  })

  test('is asked through the bus where nmcli is missing or does not know', async () => {
    const table = routeHead + route('wg0', '00000000', 50)
    const busctl: FakeProgram = () => ({ stdout: 'u 3\n' })
    expect(await ask(table, { busctl })).toEqual({ metered: 'yes', programs: ['nmcli', 'busctl'] })
    expect((await ask(table, { nmcli: () => ({ stdout: terse }), busctl })).metered).toBe('yes')
  })

  test('is unknown without NetworkManager, and nobody is asked without a network', async () => {
    const failing: FakeProgram = () => ({ exitCode: 8, stderr: 'Error: NetworkManager is not running.' })
    const table = routeHead + route('eth0', '00000000', 0)
    expect((await ask(table, { nmcli: failing, busctl: failing })).metered).toBe('unknown')
    expect(await ask('', {})).toEqual({ metered: 'unknown', programs: [] })
  })
})
