import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import { attackSecret, hashFile } from '../support/repositoryAttack.ts'
import { isEveryCaseAsked } from '../support/someCases.ts'
import { inVm, noVm } from './inVm.ts'

const root = join(import.meta.dirname, '../..')
const rounds = isEveryCaseAsked ? 50 : 3
const seed = process.env.HOLDFAST_TEST_SEED ?? String(randomInt(2 ** 31))
const devices = { 'lvm-thin': '/dev/my-vg/d-a', 'lvm-classic': '/dev/two/root' }

const script = `
set -eu
cd /run/tmp
{ pvcreate -q /dev/vda /dev/vdb
vgcreate -q my-vg /dev/vda
vgcreate -q two /dev/vdb
lvcreate -q -y -L 200M -T my-vg/the-pool
lvcreate -q -y -V 32M -T -n d-a my-vg/the-pool
lvcreate -q -y -L 24M -n root two; } >/dev/null
UV_THREADPOOL_SIZE=8 ${root}/test/vm/machine/node.sh ${root}/test/support/lvmVersions.ts \\
  /run/tmp/repository ${attackSecret.content.toString('hex')} ${rounds} ${seed} ${Object.values(devices).join(' ')}
tar cf /share/repository.tar repository
`

interface Round {
  device: string
  number: number
  version: string
  method: string
  consistency: string
  readBytes: number
  warnings: string[]
  sizeBytes: number
  sha256: string
  changedBytes: number
  writes: number
}

describe.skipIf(noVm !== undefined)(`versions of volumes that are written to at random (seed ${seed})`, () => {
  let folder = ''
  let all: Round[] = []
  let left = ''
  beforeAll(async () => {
    const vm = await inVm(script, { disks: ['250M', '120M'], seconds: isEveryCaseAsked ? 3000 : 500 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
    ;({ rounds: all, left } = JSON.parse(vm.files['versions.json']!.toString('utf8')))
    folder = mkdtempSync(join(tmpdir(), 'holdfast-versions-'))
    const unpacked = spawnSync('tar', ['x', '-C', folder], { input: vm.files['repository.tar'] })
    expect(unpacked.status, String(unpacked.stderr)).toBe(0)
  }, 3_100_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe.each(Object.entries(devices))('%s', (method, device) => {
    const ofDevice = () => all.filter(round => round.device === device)

    // Whoever writes at random has the volume open, and nobody can tell what else would belong to it.
    test('each run after the first one asks LVM what changed, whatever goes on', () => {
      expect(ofDevice().map(({ number }) => number)).toEqual(Array.from({ length: rounds + 1 }, (_, at) => at))
      for (const round of ofDevice()) expect(round).toMatchObject({ consistency: 'crash-consistent', warnings: [] })
      const later = ofDevice().slice(1)
      for (const round of later) expect(round).toMatchObject({ method })
      expect(later.filter(({ changedBytes }) => changedBytes > 0).length).toBeGreaterThan(rounds / 2)
      expect(later.some(({ readBytes, sizeBytes }) => readBytes < sizeBytes / 2)).toBe(true)
      expect(later.some(({ writes }) => writes > 20)).toBe(true)
    })

    test('each version is, byte by byte, what was in its snapshot', async () => {
      const engine = createEngine({ stateDir: join(folder, `state-${method}`) })
      const session = await engine.open(join(folder, 'repository'), attackSecret)
      const restored = join(folder, method)
      const found: { number: number; sha256: string }[] = []
      for (const { number, version } of ofDevice()) {
        await session.restore(version, restored, { force: true })
        found.push({ number, sha256: await hashFile(restored) })
      }
      await session.close()
      expect(found).toEqual(ofDevice().map(({ number, sha256 }) => ({ number, sha256 })))
    })
  })

  test('and nothing is left at the volumes', () => {
    expect(left).toBe('')
  })
})
