import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { systemClock } from '../../../engine/base/clock.ts'
import type { AppBridge } from '../../../engine/contract/appBridge.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { findTarget, type Target } from './target.ts'

const root = join(import.meta.dirname, '../../..')
export const target: Target = findTarget()

/** Seen by functions that run in the page. */
declare global {
  var holdfast: AppBridge
}

export interface DesktopOptions {
  args?: string[]
  env?: Record<string, string>
}

/** The app with folders of its own below `folder`, and a page that does nothing in place of the screens. */
export class Desktop {
  readonly folder: string
  readonly appFolder: string
  readonly env: Record<string, string>
  #app: ElectronApplication | undefined

  private constructor(folder: string) {
    this.folder = folder
    this.appFolder = join(folder, 'app')
    this.env = {
      HOME: join(folder, 'home'),
      XDG_CONFIG_HOME: join(folder, 'home/.config'),
      XDG_RUNTIME_DIR: join(folder, 'runtime'),
      HOLDFAST_RUN_DIR: join(folder, 'runtime/holdfast'),
      HOLDFAST_STATE_DIR: join(folder, 'state'),
      // No bus, so no agent: nobody can be asked for a password.
      DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(folder, 'no-bus')}`,
      STANDIN_NODE: process.execPath,
    }
  }

  /** `build`: folder with main/ and preload/. */
  static async make(folder: string, build: string): Promise<Desktop> {
    const desktop = new Desktop(folder)
    const { appFolder, env } = desktop
    for (const path of [appFolder, env.HOME!, env.XDG_RUNTIME_DIR!]) await mkdir(path, { recursive: true, mode: 0o700 })
    await cp(build, join(appFolder, 'out'), { recursive: true })
    await mkdir(join(appFolder, 'out/renderer'), { recursive: true })
    await writeFile(
      join(appFolder, 'out/renderer/index.html'),
      '<!doctype html><title>Test page</title><h1>Test page</h1><script src="./page.js"></script>\n',
    )
    await writeFile(join(appFolder, 'out/renderer/page.js'), 'globalThis.scriptRan = true\n')
    await mkdir(join(appFolder, 'bin'))
    const program = `#!/bin/sh\nexec '${join(root, 'bin/holdfast')}' "$@"\n`
    await writeFile(join(appFolder, 'bin/holdfast'), program, { mode: 0o755 })
    for (const name of ['assets', 'node_modules']) await symlink(join(root, name), join(appFolder, name))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    await writeFile(
      join(appFolder, 'package.json'),
      JSON.stringify({ name: 'holdfast', version, main: 'out/main/index.cjs' }),
    )
    return desktop
  }

  get app(): ElectronApplication {
    return this.#app!
  }

  get userData(): string {
    return join(this.folder, 'user-data')
  }

  /** The arguments of any start. */
  argumentsOf(args: readonly string[] = []): string[] {
    return [`--user-data-dir=${this.userData}`, this.appFolder, ...args]
  }

  /** The environment of any start: nothing of the one of the tests that the helper would listen to. */
  environment(more: Record<string, string> = {}): Record<string, string> {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(HOLDFAST_|VITEST|NODE_)/.test(name))
    return { ...(Object.fromEntries(inherited) as Record<string, string>), ...this.env, ...more }
  }

  async start({ args = [], env = {} }: DesktopOptions = {}): Promise<ElectronApplication> {
    this.#app = await _electron.launch({
      executablePath: target.program,
      cwd: this.folder,
      args: this.argumentsOf(args),
      env: this.environment(env),
    })
    return this.#app
  }

  /** The window, once its page is there. */
  async page(): Promise<Page> {
    const page = await this.app.firstWindow()
    await page.getByRole('heading', { name: 'Test page' }).waitFor()
    return page
  }

  /** What the stand-in noted of one kind. */
  async recorded(api: string): Promise<unknown[][]> {
    return this.app.evaluate((electron, name) => {
      const { recorded } = (electron as unknown as { __standin: { recorded: { api: string; args: unknown[] }[] } })
        .__standin
      return recorded.filter(one => one.api === name).map(one => one.args)
    }, api)
  }

  async quit(): Promise<void> {
    await this.#app?.close()
    this.#app = undefined
  }

  /** Kills the helper of this person, as the kernel does when memory is short. */
  async killHelper(): Promise<void> {
    const pid = await this.helperPid()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Of the helper that the app has started; undefined when none runs. */
  async helperPid(): Promise<number | undefined> {
    const { readdir } = await import('node:fs/promises')
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const [line, env] = await Promise.all(
        ['cmdline', 'environ'].map(file => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
      )
      if (/\0daemon\0/.test(line!) && env!.includes(`HOLDFAST_STATE_DIR=${this.env.HOLDFAST_STATE_DIR}\0`)) {
        return Number(name)
      }
    }
    return undefined
  }

  /** Ends the app and its helper. */
  async end(): Promise<void> {
    await this.quit().catch(() => undefined)
    await this.killHelper()
  }
}

/** A client of the helper beside the app. */
export function otherClient(desktop: Desktop) {
  const path = join(desktop.env.HOLDFAST_RUN_DIR!, 'helper.sock')
  return connectUnix(helperContract, { path, program: '0', clock: systemClock, trustedUids: [process.getuid!()] })
}
