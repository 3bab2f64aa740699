import type { Contract } from './rpcContract.ts'
import { inputFaults, outputFaults } from './schemaBounds.ts'

const nameShape = /^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/

/** Everything for which a contract cannot be used: a bad name, an unbounded input, what JSON cannot carry. */
export function contractFaults(contract: Contract): string[] {
  const faults: string[] = []
  if (!Number.isSafeInteger(contract.protocol) || contract.protocol < 1) faults.push('protocol: not a count from 1')
  for (const [name, { input, output, doc }] of Object.entries(contract.calls)) {
    const found = [...textFaults(name, doc), ...inputFaults(input, 'input'), ...outputFaults(output, 'output')]
    faults.push(...found.map(fault => `${name}: ${fault}`))
  }
  for (const [name, { state, change, doc }] of Object.entries(contract.topics)) {
    const found = [...textFaults(name, doc), ...outputFaults(state, 'state'), ...outputFaults(change, 'change')]
    faults.push(...found.map(fault => `${name}: ${fault}`))
  }
  return faults
}

function textFaults(name: string, doc: string): string[] {
  const faults: string[] = []
  if (!nameShape.test(name)) faults.push('a name is words in camelCase, joined by dots')
  if (doc.trim() === '') faults.push('doc is empty')
  return faults
}
