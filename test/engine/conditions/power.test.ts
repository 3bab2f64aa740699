import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { judgePower, readPower } from '../../../engine/conditions/power.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

const supply = (type: string, facts: { online?: string; status?: string; scope?: string } = {}) => ({
  type,
  online: undefined,
  status: undefined,
  scope: undefined,
  ...facts,
})

describe('the power source', () => {
  test.each([
    ['a desktop computer', [], 'mains'],
    [
      'a laptop that is plugged in',
      [supply('Mains', { online: '1' }), supply('Battery', { status: 'Charging' })],
      'mains',
    ],
    ['a full one', [supply('Mains', { online: '1' }), supply('Battery', { status: 'Full' })], 'mains'],
    ['one that is not', [supply('Mains', { online: '0' }), supply('Battery', { status: 'Discharging' })], 'battery'],
    [
      'one whose charger is too weak',
      [supply('USB', { online: '1' }), supply('Battery', { status: 'Discharging' })],
      'mains',
    ],
    [
      'one with two batteries, of which one is empty',
      [
        supply('Mains', { online: '0' }),
        supply('Battery', { status: 'Not charging' }),
        supply('Battery', { status: 'Discharging' }),
      ],
      'battery',
    ],
    ['one without an adapter in the list', [supply('Battery', { status: 'Discharging' })], 'battery'],
    [
      'one in the moment of plugging in',
      [supply('Mains', { online: '0' }), supply('Battery', { status: 'Unknown' })],
      'mains',
    ],
    [
      'a desktop computer with a wireless mouse',
      [supply('Battery', { status: 'Discharging', scope: 'Device' })],
      'mains',
    ],
    [
      'a laptop with a wireless mouse in its cradle',
      [supply('Battery', { status: 'Discharging' }), supply('USB', { online: '1', scope: 'Device' })],
      'battery',
    ],
    ['a computer on an emergency supply', [supply('UPS', { status: 'Discharging', online: '1' })], 'battery'],
  ] as const)('of %s is told', (_, supplies, source) => {
    expect(judgePower(supplies)).toBe(source)
  })

  test('is read from the files of the kernel', async () => {
    expect(await readPower(folder.path)).toBe('mains')
    const put = async (name: string, files: Record<string, string>) => {
      const path = join(folder.path, 'class/power_supply', name)
      await mkdir(path, { recursive: true })
      for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), `${text}\n`)
    }
    await put('BAT0', { type: 'Battery', status: 'Discharging', scope: 'System' })
    await put('hidpp_battery_0', { type: 'Battery', status: 'Full', scope: 'Device' })
    await put('AC', { type: 'Mains', online: '0' })
    expect(await readPower(folder.path)).toBe('battery')
    await put('AC', { online: '1' })
    expect(await readPower(folder.path)).toBe('mains')
  })

  test('is unknown where it cannot be read', async () => {
    await mkdir(join(folder.path, 'class'))
    await writeFile(join(folder.path, 'class/power_supply'), '')
    expect(await readPower(folder.path)).toBe('unknown')
  })
})
