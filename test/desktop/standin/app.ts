import { EventEmitter } from 'node:events'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Chromium } from './chromium.ts'
import { InstanceLock } from './instanceLock.ts'
import { isPrevented, record, world } from './world.ts'

/** Electron's `app`. */
class App extends EventEmitter {
  readonly isPackaged = false
  #root = process.cwd()
  #description: Record<string, string> = {}
  readonly #paths = new Map<string, string>()
  readonly #lock = new InstanceLock()
  readonly #ready = Promise.withResolvers<void>()
  #launching: Promise<Chromium> | undefined

  /** `root` is the folder of the program, `description` its package.json. */
  setUp(root: string, description: Record<string, string>): void {
    this.#root = root
    this.#description = description
    world.app = this
  }

  /** Starts the browser, unless the program has quit meanwhile as a second instance does. */
  async boot(): Promise<void> {
    if (world.isQuitting) return
    this.#launching = Chromium.launch(join(this.getPath('userData'), 'chromium'))
    world.chromium = await this.#launching
    if (world.isQuitting) return
    world.isReady = true
    this.#ready.resolve()
    this.emit('ready', {}, {})
  }

  whenReady(): Promise<void> {
    return this.#ready.promise
  }
  isReady(): boolean {
    return world.isReady
  }
  getName(): string {
    return this.#description.productName ?? this.#description.name ?? 'Electron'
  }
  getVersion(): string {
    return this.#description.version ?? '0.0.0'
  }
  getAppPath(): string {
    return this.#root
  }
  getLocale(): string {
    return process.argv.find(argument => argument.startsWith('--lang='))?.slice('--lang='.length) ?? 'en-US'
  }
  setPath(name: string, path: string): void {
    this.#paths.set(name, path)
  }
  getPath(name: string): string {
    const appData = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config')
    const userData = this.#paths.get('userData') ?? join(appData, this.getName())
    const usual: Record<string, string> = {
      home: homedir(),
      appData,
      userData,
      temp: tmpdir(),
      logs: join(userData, 'logs'),
    }
    const path = this.#paths.get(name) ?? usual[name]
    if (path === undefined) throw new Error(`Failed to get '${name}' path`)
    return path
  }

  requestSingleInstanceLock(data: unknown = {}): boolean {
    const start = { argv: process.argv, cwd: process.cwd(), data }
    return this.#lock.take(this.getPath('userData'), start, second => {
      this.emit('second-instance', {}, second.argv, second.cwd, second.data)
    })
  }
  releaseSingleInstanceLock(): void {
    this.#lock.release()
  }

  quit(): void {
    if (world.isQuitting || isPrevented(this, 'before-quit')) return
    world.isQuitting = true
    void this.#finish()
  }

  async #finish(): Promise<void> {
    for (const window of [...world.windows]) {
      window.close()
      if (!window.isDestroyed() && window.closeWasPrevented) {
        world.isQuitting = false
        return
      }
    }
    while (world.windows.length > 0) await new Promise(resolve => setTimeout(resolve, 5))
    if (isPrevented(this, 'will-quit')) {
      world.isQuitting = false
      return
    }
    this.emit('quit', {}, 0)
    this.exit(0)
  }

  exit(code = 0): void {
    world.isQuitting = true
    this.releaseSingleInstanceLock()
    void Promise.resolve(this.#launching)
      .then(chromium => chromium?.close())
      .finally(() => process.exit(code))
  }

  enableSandbox(): void {
    record('app.enableSandbox')
  }
  setAsDefaultProtocolClient(scheme: string): boolean {
    record('app.setAsDefaultProtocolClient', scheme)
    return true
  }
}

export const app = new App()
