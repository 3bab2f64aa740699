import { defineConfig } from 'vitest/config'

const unit = {
  name: 'unit',
  include: ['test/{bench,engine,renderer,scripts,suites}/**/*.test.ts'],
  testTimeout: 30_000,
  hookTimeout: 30_000,
}

/** Whole programs on real devices and repositories; the limits only stop what hangs. */
const integration = {
  name: 'integration',
  include: ['test/{integration,compat}/**/*.test.ts'],
  testTimeout: 600_000,
  hookTimeout: 600_000,
}

/** Small computers in namespaces, with systemd, D-Bus and polkit. */
const privileges = {
  name: 'privileges',
  include: ['test/privileges/**/*.test.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

/** Small computers with a kernel of their own, under QEMU; see test/vm/inVm.ts. Each file boots one, which takes a while without KVM. */
const vm = {
  name: 'vm',
  include: ['test/vm/**/*.test.ts'],
  testTimeout: 30_000,
  hookTimeout: 600_000,
}

/** The desktop app in a stand-in for Electron, or in Electron itself; see docs/desktop.md. */
const desktop = {
  name: 'desktop',
  include: ['test/desktop/**/*.test.ts'],
  globalSetup: ['test/desktop/support/build.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

/** The whole program as people use it: screens in a browser, a real helper, real disks and repositories. */
const e2e = {
  name: 'e2e',
  include: ['test/e2e/**/*.test.ts'],
  globalSetup: ['test/e2e/support/build.ts'],
  testTimeout: 180_000,
  hookTimeout: 120_000,
}

/** What people install: the packages are made, installed and tried. */
const packaging = {
  name: 'packaging',
  include: ['test/packaging/**/*.test.ts'],
  testTimeout: 300_000,
  hookTimeout: 300_000,
}

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [unit, integration, privileges, vm, desktop, e2e, packaging].map(project => ({
      test: { ...project, environment: 'node', pool: 'forks', teardownTimeout: 30_000 },
    })),
  },
})
