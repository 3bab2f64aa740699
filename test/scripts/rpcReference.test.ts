import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { helperContract } from '../../engine/contract/helperContract.ts'
import { rpcPage } from '../../scripts/rpcReference.ts'

test('docs/rpc.md is what the contract says (npm run docs:rpc writes it)', async () => {
  expect(await readFile(join(import.meta.dirname, '../../docs/rpc.md'), 'utf8')).toBe(rpcPage())
})

test('the page names every call and topic of the helper', () => {
  const page = rpcPage()
  for (const name of [...Object.keys(helperContract.calls), ...Object.keys(helperContract.topics)]) {
    expect(page).toContain(`### \`${name}\`\n`)
  }
})
