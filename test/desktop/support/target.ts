import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface Target {
  kind: 'electron' | 'standin'
  program: string
}

/**
 * What runs the app: Electron where its program is installed and HOLDFAST_DESKTOP=electron asks for it, else the stand-in. Never
 * loads the package `electron`, which would fetch the program.
 */
export function findTarget(): Target {
  if (process.env.HOLDFAST_DESKTOP !== 'electron') {
    return { kind: 'standin', program: join(import.meta.dirname, '../standin/dist/electron') }
  }
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  const named = join(folder, 'path.txt')
  const name = existsSync(named) ? readFileSync(named, 'utf8').trim() : 'electron'
  const program = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
  // It was asked for, so its absence is a failure and no reason to skip.
  if (!existsSync(program)) throw new Error(`Electron is not at ${program}; see docs/desktop.md.`)
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) throw new Error('Electron needs a display: use xvfb-run.')
  return { kind: 'electron', program }
}
