import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runCommand } from '../../base/command.ts'
import { HoldfastError } from '../../contract/errors.ts'

/** Where the pages of the app lie, and making them in a checkout. */

const ownRoot = resolve(import.meta.dirname, '../../..')

export interface RendererOptions {
  env: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
  /** Called before they are made, which takes a while. */
  onBuild: () => void
  /** The folder of the whole program; our own unless given. */
  root?: string
}

/**
 * The folder with the built pages: HOLDFAST_PAGES_DIR, or that of this program. In a checkout they are made first when
 * they are missing or older than what they are made of. `config.invalid` when that fails.
 */
export async function rendererFolder({ env, signal, onBuild, root = ownRoot }: RendererOptions): Promise<string> {
  if (env.HOLDFAST_PAGES_DIR) return resolve(env.HOLDFAST_PAGES_DIR)
  const built = join(root, 'out/renderer')
  const config = join(root, 'renderer/vite.config.ts')
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const isCheckout = (await changedAt(config)) > 0 && (await changedAt(vite)) > 0
  if (!isCheckout) return built
  const sources = ['renderer', 'engine/contract', 'engine/rpc'].map(folder => newestIn(join(root, folder)))
  const newest = Math.max(...(await Promise.all(sources)), await changedAt(join(root, 'package-lock.json')))
  if ((await changedAt(join(built, 'index.html'))) >= newest) return built
  onBuild()
  await runCommand(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'], {
    failureCode: 'config.invalid',
    signal,
    env: { HOME: env.HOME ?? '/' },
  })
  if ((await changedAt(join(built, 'index.html'))) > 0) return built
  throw new HoldfastError('config.invalid', `The pages of the app were made, but they are not in ${built}.`, {
    advice: 'Run "npm run setup", and try again.',
  })
}

/** Milliseconds since 1970; 0 when it is not there. */
const changedAt = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0

/** When the newest file below a folder was changed. */
async function newestIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const times = entries.map(entry => changedAt(join(entry.parentPath, entry.name)))
  return Math.max(0, ...(await Promise.all(times)))
}
