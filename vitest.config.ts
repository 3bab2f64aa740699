import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longestFirst.ts'

// As bin/holdfast has it. Without, every thread that works on blocks takes 0.2 s to begin, and tests begin thousands.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node')

/** Tests wait for threads now and then, so that two on two processors take less time than one after the other. */
const workers = Math.max(2, Math.floor(availableParallelism() / 2))
/** Those of whole programs wait for half of their time: for disks, schedules, browsers, and servers that were killed. */
const waitingWorkers = workers + 1

const unit = {
  name: 'unit',
  include: ['test/{bench,engine,renderer,scripts,suites}/**/*.test.ts'],
  maxWorkers: workers,
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

/** Files with disks of their own, which any helper that runs as root would look into, and so keep in use. */
const withDisks = [
  'test/integration/fullDisk.test.ts',
  'test/integration/recipe.test.ts',
  'test/integration/usedBlocks.test.ts',
  'test/integration/cli/terminal.test.ts',
  'test/integration/files/damage.test.ts',
  'test/integration/files/extract.test.ts',
  'test/integration/files/otherKinds.test.ts',
  ...[
    'commands',
    'destinations',
    'devices',
    'files',
    'filesKilled',
    'filesOfOthers',
    'restores',
    'restoresOfOthers',
  ].map(name => `test/integration/helper/${name}.test.ts`),
]

/** Whole programs on real devices and repositories; the limits only stop what hangs. */
const integration = {
  name: 'integration',
  include: ['test/{integration,compat}/**/*.test.ts'],
  exclude: [...configDefaults.exclude, ...withDisks],
  maxWorkers: waitingWorkers,
  testTimeout: 600_000,
  hookTimeout: 600_000,
}

/** The same, one file after the other. */
const integrationAlone = { ...integration, name: 'integration-alone', include: withDisks, exclude: [], maxWorkers: 1 }

/** Small computers in namespaces, with systemd, D-Bus and polkit. */
const privileges = {
  name: 'privileges',
  maxWorkers: 1,
  include: ['test/privileges/**/*.test.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

/** Computers that take minutes each; with HOLDFAST_TEST_FULL=1 only. */
const longMachines = ['devices', 'lvm', 'lvmRounds', 'recipe', 'writableExport'].map(name => `test/vm/${name}.test.ts`)

/** Small computers with a kernel of their own, under QEMU; see test/vm/inVm.ts. Each file boots one, which takes a while without KVM: two at a time. */
const vm = {
  name: 'vm',
  maxWorkers: 2,
  include: ['test/vm/**/*.test.ts'],
  exclude: [...configDefaults.exclude, ...(process.env.HOLDFAST_TEST_FULL === '1' ? [] : longMachines)],
  testTimeout: 30_000,
  hookTimeout: 1_000_000,
}

/** The desktop app in a stand-in for Electron, or in Electron itself; see docs/desktop.md. */
const desktop = {
  name: 'desktop',
  maxWorkers: 1,
  include: ['test/desktop/**/*.test.ts'],
  globalSetup: ['test/desktop/support/build.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

/** The whole program as people use it: screens in a browser, a real helper, real disks and repositories. */
const e2e = {
  name: 'e2e',
  maxWorkers: 1,
  include: ['test/e2e/**/*.test.ts'],
  globalSetup: ['test/e2e/support/build.ts'],
  testTimeout: 180_000,
  hookTimeout: 120_000,
}

/** What people install: the packages are made, installed and tried. */
const packaging = {
  name: 'packaging',
  maxWorkers: 1,
  include: ['test/packaging/**/*.test.ts'],
  testTimeout: 300_000,
  hookTimeout: 300_000,
}

export default defineConfig({
  test: {
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [unit, integration, integrationAlone, privileges, vm, desktop, e2e, packaging].map(
      (project, groupOrder) => ({
        test: {
          ...project,
          environment: 'node',
          pool: 'forks',
          teardownTimeout: 30_000,
          sequence: { groupOrder },
          // What is waited for comes at some time, on a busy machine after more than the second that is usual.
          expect: { poll: { timeout: 25_000 } },
        },
      }),
    ),
  },
})
