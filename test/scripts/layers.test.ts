import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { fakeCheckout } from '../support/fakeCheckout.ts'

const depcruise = join(import.meta.dirname, '../../node_modules/dependency-cruiser/bin/dependency-cruise.mjs')

/** Files with the statements that they hold; files that are only imported need not be named. */
type Files = Map<string, string[]>

interface Violation {
  from: string
  to: string
  rule: { name: string }
}

/** Puts the files into a new checkout with the project's rules and returns what breaks them. */
async function findViolations(files: Files): Promise<Violation[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  try {
    const checkout = fakeCheckout(folder)
    await checkout.take('.dependency-cruiser.cjs')
    await checkout.take('tsconfig.json')
    const dependencies = { koffi: '1', zod: '1', 'better-sqlite3': '1', react: '1' }
    const devDependencies = { vitest: '1' }
    await checkout.write('package.json', JSON.stringify({ type: 'module', dependencies, devDependencies }))
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      await checkout.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0' }))
      await checkout.write(`node_modules/${name}/index.js`, 'module.exports = {}')
    }
    for (const [file, statements] of files) await checkout.write(file, statements.join('\n'))
    const args = [depcruise, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.']
    return JSON.parse((await checkout.run(process.execPath, args)).stdout).summary.violations
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How `from` names `to` in an import: by the way to it when it is a file, by its name when it is a package. */
const wayTo = (from: string, to: string) =>
  to.endsWith('.ts') ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to

function addImport(files: Files, from: string, to: string, statement = (way: string) => `import '${way}'`) {
  files.set(from, [...(files.get(from) ?? []), statement(wayTo(from, to))])
  if (to.endsWith('.ts') && !files.has(to)) files.set(to, ['export type Thing = string'])
}

const allowed: [from: string, to: string][] = [
  ['engine/contract/models.ts', 'engine/contract/ids.ts'],
  ['engine/contract/models.ts', 'zod'],
  ['engine/base/linux.ts', 'engine/contract/ids.ts'],
  ['engine/base/linux.ts', 'node:fs'],
  ['engine/base/linux.ts', 'koffi'],
  ['engine/catalogue/database.ts', 'engine/base/clock.ts'],
  ['engine/catalogue/database.ts', 'better-sqlite3'],
  ['engine/repository/pack.ts', 'engine/storage/storage.ts'],
  ['engine/repository/pack.ts', 'engine/catalogue/database.ts'],
  ['engine/pipeline/backup.ts', 'engine/repository/pack.ts'],
  ['engine/pipeline/backup.ts', 'engine/sources/source.ts'],
  ['engine/pipeline/backup.ts', 'engine/versions/labels.ts'],
  ['engine/helper/supervisor.ts', 'engine/scheduler/decision.ts'],
  ['engine/jobs/database.ts', 'better-sqlite3'],
  ['engine/engine.ts', 'engine/storage/directory.ts'],
  ['engine/engine.ts', 'engine/session.ts'],
  ['engine/cli/main.ts', 'engine/engine.ts'],
  ['engine/cli/main.ts', 'engine/demo/ext4Image.ts'],
  ['engine/cli/main.ts', 'engine/base/clock.ts'],
  ['bench/main.ts', 'engine/demo/ext4Image.ts'],
  ['test/engine/pack.test.ts', 'engine/repository/pack.ts'],
  ['test/engine/pack.test.ts', 'vitest'],
]

const forbidden: [from: string, to: string, rule: string][] = [
  ['engine/contract/models.ts', 'engine/base/clock.ts', 'layer-contract'],
  ['engine/contract/models.ts', 'node:fs', 'contract-runs-anywhere'],
  ['engine/base/clock.ts', 'engine/storage/storage.ts', 'layer-base'],
  ['engine/storage/directory.ts', 'engine/sources/source.ts', 'layer-storage'],
  ['engine/versions/labels.ts', 'engine/catalogue/database.ts', 'layer-versions'],
  ['engine/repository/pack.ts', 'engine/storage/directory.ts', 'layer-repository'],
  ['engine/repository/pack.ts', 'engine/pipeline/restore.ts', 'layer-repository'],
  ['engine/pipeline/backup.ts', 'engine/catalogue/database.ts', 'layer-pipeline'],
  ['engine/pipeline/backup.ts', 'engine/maintenance/prune.ts', 'layer-pipeline'],
  ['engine/maintenance/prune.ts', 'engine/nbd/server.ts', 'layer-maintenance'],
  ['engine/nbd/server.ts', 'engine/maintenance/prune.ts', 'layer-nbd'],
  ['engine/jobs/runner.ts', 'engine/scheduler/wake.ts', 'layer-jobs'],
  ['engine/scheduler/wake.ts', 'engine/jobs/runStore.ts', 'layer-scheduler'],
  ['engine/rpc/server.ts', 'engine/helper/helper.ts', 'layer-rpc'],
  ['engine/session.ts', 'engine/helper/server.ts', 'layer-engine'],
  ['engine/session.ts', 'test/support/fakes.ts', 'layer-engine'],
  ['engine/helper/main.ts', 'engine/cli/main.ts', 'layer-helper'],
  ['engine/cli/main.ts', 'bench/report.ts', 'layer-cli'],
  ['engine/novelty/idea.ts', 'engine/base/clock.ts', 'no-unknown-part'],
  ['engine/repository/pack.ts', 'koffi', 'native-calls-in-one-place'],
  ['engine/repository/pack.ts', 'better-sqlite3', 'database-in-one-place'],
  ['engine/base/clock.ts', 'vitest', 'engine-without-development-packages'],
  ['engine/cli/main.ts', 'react', 'engine-without-screens'],
  ['engine/cli/main.ts', 'electron', 'engine-without-screens'],
  ['tools/check.ts', 'engine/base/clock.ts', 'tools-stand-alone'],
]

describe('the layers', () => {
  let violations: Violation[]

  beforeAll(async () => {
    const files: Files = new Map()
    for (const [from, to] of [...allowed, ...forbidden]) addImport(files, from, to)
    violations = await findViolations(files)
  })

  const rulesAgainst = (from: string, to: string) =>
    violations
      .filter(
        ({ from: file, to: other }) =>
          file === from && [to, to.replace('node:', ''), `node_modules/${to}/index.js`].includes(other),
      )
      .map(({ rule }) => rule.name)

  it.each(allowed)('let %s import %s', (from, to) => {
    expect(rulesAgainst(from, to)).toEqual([])
  })

  it.each(forbidden)('do not let %s import %s', (from, to, rule) => {
    expect(rulesAgainst(from, to)).toContain(rule)
  })
})

describe('the rules on imports', () => {
  it.each([
    ['types', (way: string) => `import type { Thing } from '${way}'`],
    ['exports', (way: string) => `export * from '${way}'`],
    ['later imports', (way: string) => `export const later = () => import('${way}')`],
  ])('hold for %s too', async (_, statement) => {
    const files: Files = new Map()
    addImport(files, 'engine/base/clock.ts', 'engine/pipeline/backup.ts', statement)
    expect((await findViolations(files)).map(({ rule }) => rule.name)).toEqual(['layer-base'])
  })

  it('find cycles, files that nobody uses and imports that lead nowhere', async () => {
    const files: Files = new Map([['engine/base/leftOver.ts', ['export const alone = 1']]])
    addImport(files, 'engine/base/clock.ts', 'engine/base/bytes.ts')
    addImport(files, 'engine/base/bytes.ts', 'engine/base/clock.ts')
    addImport(files, 'engine/base/lost.ts', 'engine/base/gone.ts')
    files.delete('engine/base/gone.ts')
    const found = (await findViolations(files)).map(({ from, rule }) => `${rule.name}: ${from}`)
    expect(found.sort()).toEqual([
      'no-cycles: engine/base/bytes.ts',
      'no-orphans: engine/base/leftOver.ts',
      'no-unresolved: engine/base/lost.ts',
    ])
  })
})
