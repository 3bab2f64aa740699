// Bundles the desktop app into out/: the main process, the preload script and the screens.
//   npm run build
// Runs on the pinned Node, because what the preload script knows of the contract is evaluated here.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build as bundle } from 'rolldown'
import { build as buildScreens } from 'vite'

const root = join(import.meta.dirname, '..')
const namesFile = join(root, 'preload', 'contractNames.ts')
const screensPage = join(root, 'renderer', 'index.html')

/** Puts the values of preload/contractNames.ts in the place of the file, as that file says. */
const evaluatedNames = {
  name: 'evaluated-names',
  async load(id) {
    if (id !== namesFile) return null
    const values = await import(pathToFileURL(namesFile).href)
    return Object.entries(values)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}\n`)
      .join('')
  },
}

const bundleOne = (input, file, platform) =>
  bundle({
    input: join(root, input),
    cwd: root,
    platform,
    // koffi is asked for at run time, and only for what can be done without.
    external: ['electron', 'koffi', /^node:/],
    plugins: [evaluatedNames],
    output: { file, format: 'cjs', sourcemap: true, codeSplitting: false },
  })

/** Builds main and preload into `out`. */
export async function buildDesktop(out) {
  await Promise.all([
    bundleOne('main/index.ts', join(out, 'main', 'index.cjs'), 'node'),
    bundleOne('preload/index.ts', join(out, 'preload', 'index.cjs'), 'browser'),
  ])
}

/** Builds the screens into `out`; false where there are none in this checkout. */
export async function buildRenderer(out) {
  if (!existsSync(screensPage)) return false
  await buildScreens({
    configFile: join(root, 'renderer', 'vite.config.ts'),
    root: join(root, 'renderer'),
    logLevel: 'warn',
    build: { outDir: out, emptyOutDir: true },
  })
  return true
}

if (process.argv[1] === import.meta.filename) {
  const out = join(root, 'out')
  const begin = performance.now()
  rmSync(out, { recursive: true, force: true })
  await Promise.all([buildDesktop(out), buildRenderer(join(out, 'renderer'))])
  process.stderr.write(`Built the desktop app in ${((performance.now() - begin) / 1000).toFixed(1)} s.\n`)
}
