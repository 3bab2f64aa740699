import { readFileSync } from 'node:fs'
import { readSystem } from '../../engine/base/linux/system.ts'

// Prints what an inventory is made of, apart from what programs say: the record of the kernel's tables, with the uuids of the
// device mapper. Runs in the virtual computer.
const system = await readSystem()
const mapped = system.devices.flatMap(({ name }) => {
  try {
    return [[name, readFileSync(`/sys/class/block/${name}/dm/uuid`, 'utf8').trim()]]
  } catch {
    return []
  }
})
process.stdout.write(JSON.stringify({ system, mappedUuids: Object.fromEntries(mapped) }, null, 1))
