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
  testTimeout: 300_000,
  hookTimeout: 300_000,
}

/** Small computers in namespaces, with systemd, D-Bus and polkit. */
const privileges = {
  name: 'privileges',
  include: ['test/privileges/**/*.test.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
}

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [unit, integration, privileges].map(project => ({
      test: { ...project, environment: 'node', pool: 'forks', teardownTimeout: 30_000 },
    })),
  },
})
