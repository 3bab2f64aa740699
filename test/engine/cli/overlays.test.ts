import { expect, it } from 'vitest'
import type { Overlay } from '../../../engine/contract/models.ts'
import type { Engine } from '../../../engine/engineApi.ts'
import { runInProcess } from '../../support/cliWorld.ts'

const overlay = (id: string, facts: Partial<Overlay> = {}): Overlay => ({
  id,
  repositoryId: '0'.repeat(32),
  url: 'file:/repository',
  version: '97cb2854aadbafa6',
  name: 'disk',
  date: '2026-01-31T10:00:00.000Z',
  sizeBytes: 2 ** 31,
  createdAt: '2026-01-31T10:00:00.000Z',
  changedAt: '2026-01-31T11:00:00.000Z',
  changedBytes: 3 * 2 ** 20,
  inUse: false,
  isDamaged: false,
  ...facts,
})

function engineWith(overlays: Overlay[]) {
  const discarded: string[] = []
  const engine: Partial<Engine> = {
    overlays: async () => overlays,
    discardOverlay: async id => void discarded.push(id),
  }
  return { engine: engine as Engine, discarded }
}

it('overlays are listed with what is to be known of them, also for programs', async () => {
  const all = [overlay('a'.repeat(16)), overlay('b'.repeat(16), { inUse: true })]
  const { engine } = engineWith(all)
  const { stdout, code } = await runInProcess(['overlays', 'list'], { engine })
  expect(code).toBe(0)
  expect(stdout).toMatch(/aaaaaaaaaaaaaaaa +97cb2854aadbafa6 +disk +\S+ \S+ +3 MiB/)
  expect(stdout).toMatch(/bbbbbbbbbbbbbbbb .*in use/)
  const json = await runInProcess(['overlays', 'list', '--json'], { engine })
  expect(JSON.parse(json.stdout)).toEqual({ overlays: all })
})

it('an overlay is discarded by the beginning of its id, if that names one', async () => {
  const { engine, discarded } = engineWith([overlay('ab'.repeat(8)), overlay('ac'.repeat(8))])
  expect((await runInProcess(['overlays', 'discard', 'a'], { engine })).code).toBe(64)
  expect((await runInProcess(['overlays', 'discard', 'f'], { engine })).code).toBe(66)
  expect(discarded).toEqual([])
  expect((await runInProcess(['overlays', 'discard', 'ac'], { engine })).code).toBe(0)
  expect(discarded).toEqual(['ac'.repeat(8)])
})

it('what makes no sense about writing is said before anything is opened', async () => {
  for (const words of [
    ['nbd', 'disk:latest', '--commit'],
    ['nbd', '--read-write'],
    ['nbd', 'disk:latest', '--read-write', '--overlay', 'aa'],
    ['nbd', 'disk:latest', '--read-write', '--commit', '--discard'],
  ]) {
    const { code, opened } = await runInProcess(words)
    expect([code, opened]).toEqual([64, []])
  }
})
