import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/** A thin volume of 1 TiB of which little was ever written, backed up three times: whole, unchanged, and after one page was changed. */
const script = `
set -eu
cd /run/tmp
export HOLDFAST_STATE_DIR=/run/tmp/state HOLDFAST_REPO=/run/tmp/repository
hf() { ${root}/test/vm/machine/node.sh ${root}/engine/cli/main.ts "$@" --key-file /run/tmp/key --json </dev/null; }
head -c 64 /dev/urandom >key
{ pvcreate /dev/vda
vgcreate vg0 /dev/vda
lvcreate -y -L 64M -T vg0/pool
lvcreate -y -V 1T -T -n big vg0/pool; } >/dev/null 2>&1
for at in 0 400000 1048575; do
  dd if=/dev/urandom of=/dev/vg0/big bs=1M count=1 seek=$at oflag=direct status=none
done
hf init >/dev/null
hf backup /dev/vg0/big --name big >/share/first.json
hf backup /dev/vg0/big --name big >/share/unchanged.json
dd if=/dev/urandom of=/dev/vg0/big bs=4K count=1 seek=100000 oflag=direct status=none
dd if=/dev/vg0/big of=/share/page bs=4K count=1 skip=100000 iflag=direct status=none
hf backup /dev/vg0/big --name big >/share/changed.json
hf restore big:latest page --range 409600000:4096 --force >/dev/null
cp page /share/restored
`

describe.skipIf(noVm !== undefined)('a thin volume of 1 TiB', () => {
  let vm: VmResult
  const run = (name: string) => JSON.parse(vm.files[`${name}.json`]!.toString('utf8'))
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['200M'], seconds: 580 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  })

  test('of the first run, only what was ever written is read', () => {
    expect(run('first')).toMatchObject({ sizeBytes: 2 ** 40, method: 'allocation', consistency: 'consistent' })
    expect(run('first').readBytes).toBeLessThan(8 * 2 ** 20)
  })

  test('unchanged, it is done in 5 s, and nothing is stored but the version', () => {
    const { method, newBytes, storedBytes, durationMs } = run('unchanged')
    expect({ method, newBytes }).toEqual({ method: 'lvm-thin', newBytes: 0 })
    expect(storedBytes).toBeLessThan(65_536)
    // On a computer; an emulated processor takes ten times as long.
    expect(durationMs).toBeLessThan(50_000)
    console.info(`1 TiB unchanged: ${durationMs} ms, ${run('unchanged').readBytes} bytes read`)
  })

  test('after a change of one page, that is in the next version', () => {
    expect(run('changed').method).toBe('lvm-thin')
    expect(run('changed').newBytes).toBeLessThan(1024 * 1024)
    expect(vm.files.restored).toEqual(vm.files.page)
  })
})
