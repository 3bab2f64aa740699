import { EventEmitter } from 'node:events'
import type { Loose } from './loose.ts'
import { WebContents } from './webContents.ts'
import { isPrevented, world } from './world.ts'

let lastId = 0

/** Electron's BrowserWindow. Whether it can be seen is only noted: Chromium has no window here. */
export class BrowserWindow extends EventEmitter {
  readonly id = ++lastId
  readonly webContents: WebContents
  /** What it was made with, for tests. */
  readonly options: Loose
  closeWasPrevented = false
  #isVisible: boolean
  #isMinimized = false
  #isDestroyed = false

  static getAllWindows(): BrowserWindow[] {
    return [...world.windows]
  }
  static fromWebContents(contents: WebContents): BrowserWindow | null {
    return BrowserWindow.getAllWindows().find(window => window.webContents === contents) ?? null
  }

  constructor(options: Loose = {}) {
    super()
    this.options = options
    this.#isVisible = options.show !== false
    this.webContents = new WebContents(options)
    world.windows.push(this)
    this.webContents.ready.catch(error => {
      console.error(error)
      process.exitCode = 1
    })
    this.webContents.once('did-finish-load', () =>
      setImmediate(() => {
        if (!this.#isDestroyed) this.emit('ready-to-show', {})
      }),
    )
    this.webContents.once('destroyed', () => this.#gone())
    queueMicrotask(() => {
      world.app!.emit('browser-window-created', {}, this)
      world.app!.emit('web-contents-created', {}, this.webContents)
    })
  }

  #gone(): void {
    this.#isDestroyed = true
    world.windows.splice(world.windows.indexOf(this), 1)
    this.emit('closed')
    if (world.windows.length === 0 && !world.isQuitting) world.app!.emit('window-all-closed')
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url)
  }
  close(): void {
    if (this.#isDestroyed) return
    this.closeWasPrevented = isPrevented(this, 'close')
    if (!this.closeWasPrevented) this.webContents.close()
  }
  destroy(): void {
    this.webContents.close()
  }
  isDestroyed(): boolean {
    return this.#isDestroyed
  }
  show(): void {
    this.#isVisible = true
    this.#isMinimized = false
    this.emit('show')
  }
  hide(): void {
    this.#isVisible = false
    this.emit('hide')
  }
  focus(): void {
    this.emit('focus')
  }
  isVisible(): boolean {
    return this.#isVisible && !this.#isMinimized
  }
  minimize(): void {
    this.#isMinimized = true
  }
  restore(): void {
    this.#isMinimized = false
  }
  isMinimized(): boolean {
    return this.#isMinimized
  }
}
