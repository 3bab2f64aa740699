import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { isEveryCaseAsked } from '../support/someCases.ts'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')
const rounds = isEveryCaseAsked ? 50 : 12
const seed = process.env.HOLDFAST_TEST_SEED ?? String(randomInt(2 ** 31))

const script = `
set -eu
cd /run/tmp
# The pool has room for the snapshots of all rounds, which are removed at the end.
{ pvcreate -q /dev/vda /dev/vdb
vgcreate -q my-vg /dev/vda
vgcreate -q two /dev/vdb
lvcreate -q -y -L 1800M -T my-vg/the-pool
lvcreate -q -y -V 48M -T -n d-a my-vg/the-pool
lvcreate -q -y -L 32M -n root two; } >/dev/null
rounds() { # DEVICE CHUNK_BYTES
  UV_THREADPOOL_SIZE=8 ${root}/test/vm/machine/node.sh \\
    ${root}/test/support/lvmRounds.ts $1 $2 ${rounds} ${seed}
}
rounds /dev/my-vg/d-a 65536
rounds /dev/two/root 4096
`

interface Round {
  number: number
  writes: number
  why: string | null
  missing: number
  tooMuch: number
  leadsThere: boolean
  changed: number
  discarded: number
}

describe.skipIf(noVm !== undefined)(`what LVM says was written, compared with every byte (seed ${seed})`, () => {
  let vm: VmResult
  const read = (method: string): { rounds: Round[]; left: string } =>
    JSON.parse(vm.files[`rounds-${method}.json`]!.toString('utf8'))
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['2G', '200M'], seconds: isEveryCaseAsked ? 2800 : 500 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  }, 2_900_000)

  test.each(['lvm-thin', 'lvm-classic'])('%s: nothing that changed is missing, and none of ours is left', method => {
    const { rounds: all, left } = read(method)
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: rounds }, (_, at) => at + 1))
    for (const round of all) expect(round).toMatchObject({ why: null, missing: 0, leadsThere: true })
    expect(all.filter(({ changed }) => changed > 0).length).toBeGreaterThan(rounds / 2)
    expect(left).toBe('')
  })

  test('thin: exactly what differs, even while others write', () => {
    const { rounds: all } = read('lvm-thin')
    expect(all.filter(({ tooMuch }) => tooMuch > 0)).toEqual([])
    expect(all.some(({ discarded }) => discarded > 0)).toBe(true)
    expect(all.some(({ writes }) => writes > 100)).toBe(true)
  })

  test('classic: exactly what differs, where nobody wrote after the snapshot', () => {
    const { rounds: all } = read('lvm-classic')
    expect(all.filter(({ tooMuch, writes }) => writes === 0 && tooMuch > 0)).toEqual([])
    expect(all.some(({ writes }) => writes > 100)).toBe(true)
  })
})
