import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { CdpSession } from './cdp.ts'
import { clone, wire } from './codec.ts'
import { ipcMain } from './ipcMain.ts'
import type { Loose } from './loose.ts'
import { isolatedWorld, mainWorld } from './pageAgent.ts'
import { fromNetwork, isPrevented, originOf, record, toNetwork, world } from './world.ts'

/** Playwright looks for the isolated world by nothing, so its name is free. */
const isolatedName = 'Electron Isolated Context'
const bindingName = '__standinIpc'
let lastId = 0

/** Electron's WebContents, over a page of Chromium. */
export class WebContents extends EventEmitter {
  readonly id = ++lastId
  readonly ready: Promise<void>
  readonly #options: Loose
  #session!: CdpSession
  #target = ''
  /** Of the isolated world of the page that is there now; 0 between pages. */
  #context = 0
  #url = ''
  #isDestroyed = false
  /** Navigations that the program asked for, which nobody may prevent. */
  #ownNavigations = 0
  readonly #opening: string[] = []
  #openHandler: ((details: Loose) => { action: string }) | undefined

  constructor(options: Loose) {
    super()
    this.#options = options
    this.ready = this.#create()
  }

  async #create(): Promise<void> {
    if (!world.isReady) throw new Error('Cannot create BrowserWindow before app is ready')
    const { cdp } = world.chromium!
    const { width = 800, height = 600 } = this.#options
    this.#target = (
      await cdp.send('Target.createTarget', { url: 'about:blank', width, height, newWindow: true })
    ).targetId
    world.contents.set(this.#target, this)
    const attached = await cdp.send('Target.attachToTarget', { targetId: this.#target, flatten: true })
    this.#session = cdp.session(attached.sessionId)
    this.#listen()
    const patterns = [{ resourceType: 'Document' }, { urlPattern: 'https://*.standin.invalid/*' }]
    await Promise.all([
      this.#session.send('Page.enable'),
      this.#session.send('Runtime.enable'),
      this.#session.send('Fetch.enable', { patterns }),
    ])
    await this.#addPreload(this.#options.webPreferences ?? {})
  }

  #listen(): void {
    const session = this.#session
    session.on('Runtime.bindingCalled', event => {
      if (event.name === bindingName) void this.#hear(event)
    })
    session.on('Runtime.executionContextsCleared', () => {
      this.#context = 0
    })
    session.on('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId) return
      this.#url = fromNetwork(frame.url)
      this.emit('did-navigate', {}, this.#url)
    })
    session.on('Page.loadEventFired', () => {
      if (this.#url !== 'about:blank') this.emit('did-finish-load', {})
    })
    session.on('Page.windowOpen', ({ url }) => this.#opening.push(fromNetwork(url)))
    session.on('Inspector.targetCrashed', () =>
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }),
    )
    session.on('Fetch.requestPaused', request => void this.#serve(request).catch(() => undefined))
  }

  /** In a world of its own beside the page, as Electron runs it. */
  async #addPreload(preferences: Loose): Promise<void> {
    const { preload, sandbox, contextIsolation, nodeIntegration, additionalArguments = [] } = preferences
    if (contextIsolation === false || nodeIntegration || sandbox === false) {
      throw new Error('electron stand-in: pages without sandbox and isolation are not possible')
    }
    if (preload === undefined) return
    const secret = randomUUID()
    const seen = { platform: process.platform, type: 'renderer', sandboxed: true, env: {}, argv: additionalArguments }
    const source = isolatedWorld(secret, { path: preload, source: readFileSync(preload, 'utf8'), process: seen })
    await this.#session.send('Runtime.addBinding', { name: bindingName, executionContextName: isolatedName })
    await this.#session.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorld(secret) })
    await this.#session.send('Page.addScriptToEvaluateOnNewDocument', { worldName: isolatedName, source })
  }

  async #serve(paused: Loose): Promise<void> {
    const { requestId, resourceType, request } = paused
    const url = fromNetwork(request.url)
    const isLeaving = resourceType === 'Document' && this.#ownNavigations === 0 && !request.url.startsWith('about:')
    if (isLeaving && (isPrevented(this, 'will-frame-navigate', url) || isPrevented(this, 'will-navigate', url))) {
      await this.#session.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' })
      return
    }
    const handler = world.protocols.get(url.split(':')[0]!)
    if (!handler || url === request.url) {
      await this.#session.send('Fetch.continueRequest', { requestId })
      return
    }
    const response = await handler(new Request(url, { method: request.method, headers: request.headers }))
    await this.#session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await response.arrayBuffer()).toString('base64'),
    })
  }

  /** A page wants another window. What the handler allows is recorded, and never opened. */
  popup({ targetId, url: opened }: Loose): void {
    const url = this.#opening.shift() ?? opened
    const { action } = this.#openHandler?.({ url, disposition: 'foreground-tab' }) ?? { action: 'allow' }
    record('webContents.windowOpen', url, action)
    void world.chromium!.cdp.send('Target.closeTarget', { targetId }).catch(() => undefined)
  }

  gone(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    world.contents.delete(this.#target)
    this.emit('destroyed')
  }

  async #hear({ payload, executionContextId }: Loose): Promise<void> {
    const [kind, channel, text, id] = JSON.parse(payload) as [string, string, string, number]
    if (kind === 'hello') {
      this.#context = executionContextId
      return
    }
    const args = wire.dec(text) as unknown[]
    if (kind === 'preload-error') {
      this.emit('preload-error', {}, channel, args[0])
      return
    }
    const senderFrame = { url: this.#url, origin: originOf(this.#url), parent: null }
    const event = { sender: this, senderFrame }
    if (kind === 'send') {
      ipcMain.emit(channel, event, ...args)
      return
    }
    try {
      const handler = ipcMain.handlerOf(channel)
      if (!handler) throw new Error(`No handler registered for '${channel}'`)
      await this.#deliver('ok', id, wire.enc(clone(await handler(event, ...args))), executionContextId)
    } catch (error) {
      const said = wire.enc(`Error invoking remote method '${channel}': ${error}`)
      await this.#deliver('err', id, said, executionContextId)
    }
  }

  async #deliver(kind: string, key: string | number, text: string, contextId: number): Promise<void> {
    const expression = `__standinDeliver(${[kind, key, text].map(part => JSON.stringify(part)).join(', ')})`
    // The page may have gone meanwhile.
    await this.#session.send('Runtime.evaluate', { contextId, expression }).catch(() => undefined)
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#isDestroyed) throw new TypeError('Object has been destroyed')
    const text = wire.enc(clone(args))
    if (this.#context !== 0) void this.#deliver('event', channel, text, this.#context)
  }

  async loadURL(url: string): Promise<void> {
    await this.ready
    const loaded = new Promise<void>(resolve => this.once('did-finish-load', () => resolve()))
    this.#ownNavigations++
    try {
      const { errorText } = await this.#session.send('Page.navigate', { url: toNetwork(url) })
      if (errorText) throw new Error(`${errorText} loading '${url}'`)
      if (url !== 'about:blank') await loaded
    } finally {
      this.#ownNavigations--
    }
  }

  getURL(): string {
    return this.#url
  }
  isDestroyed(): boolean {
    return this.#isDestroyed
  }
  setWindowOpenHandler(handler: (details: Loose) => { action: string }): void {
    this.#openHandler = handler
  }
  close(): void {
    void this.ready
      .then(() => world.chromium!.cdp.send('Target.closeTarget', { targetId: this.#target }))
      .catch(() => this.gone())
  }
}
