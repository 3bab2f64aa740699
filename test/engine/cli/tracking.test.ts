import { expect, test } from 'vitest'
import type { TrackedVolumeState } from '../../../engine/contract/tracking.ts'
import { runInProcess } from '../../support/cliWorld.ts'

const volumes: TrackedVolumeState[] = [
  {
    volume: 'id-1',
    path: '/dev/vg0/root',
    method: 'lvm-classic',
    snapshots: [
      {
        name: 'holdfast_00000001_00000002',
        state: 'kept',
        takenAt: '2026-01-31T10:00:00.000Z',
        usedBytes: 1024 * 1024,
        roomBytes: 128 * 1024 * 1024,
        isValid: true,
      },
    ],
    repositories: [{ repositoryId: 'a'.repeat(32), version: 'b'.repeat(16), pendingBytes: 4096 }],
  },
  { volume: 'id-2', path: '/dev/vg0/home', method: 'lvm-thin', snapshots: [], repositories: [] },
]

function engineThat() {
  const forgotten: unknown[] = []
  const engine = {
    tracking: async () => volumes,
    async forgetTracking(of: unknown) {
      forgotten.push(of)
      return ['holdfast_00000001_00000002']
    },
  }
  return { engine, forgotten }
}

test('what is kept is listed, for people and for programs', async () => {
  const { engine } = engineThat()
  const text = await runInProcess(['tracking'], { engine })
  expect(text.stdout).toContain('/dev/vg0/root')
  expect(text.stdout).toContain('1 MiB of 128 MiB')
  const json = await runInProcess(['tracking', '--json'], { engine })
  expect(JSON.parse(json.stdout)).toEqual({ volumes })
})

test('nothing is removed without --yes', async () => {
  const { engine, forgotten } = engineThat()
  const asked = await runInProcess(['tracking', 'forget', '/dev/vg0/root', '--json'], { engine })
  expect(JSON.parse(asked.stdout)).toEqual({ dryRun: true, removed: ['holdfast_00000001_00000002'] })
  expect(forgotten).toEqual([])
  const done = await runInProcess(['tracking', 'forget', '/dev/vg0/root', '--yes'], { engine })
  expect(done.code).toBe(0)
  expect(forgotten).toEqual([{ volumes: ['id-1'] }])
  await runInProcess(['tracking', 'forget', '--all', '--yes'], { engine })
  expect(forgotten.at(-1)).toEqual({ volumes: ['id-1', 'id-2'] })
})

test('a volume of which nothing is kept is not found, and nothing named is a mistake', async () => {
  const { engine, forgotten } = engineThat()
  expect((await runInProcess(['tracking', 'forget', '/dev/vg0/other', '--yes'], { engine })).code).toBe(66)
  expect((await runInProcess(['tracking', 'forget', '--yes'], { engine })).code).toBe(64)
  expect(forgotten).toEqual([])
})
