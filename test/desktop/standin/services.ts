import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import type { Loose } from './loose.ts'
import { record, world } from './world.ts'

/** What Electron has the system do: noted, so that tests can look at it. */

export class Menu {
  static #ofApp: Menu | null = null
  items: Loose[] = []

  static buildFromTemplate(template: Loose[]): Menu {
    const menu = new Menu()
    menu.items = template.map(item => ({
      enabled: true,
      type: item.submenu ? 'submenu' : 'normal',
      ...item,
      submenu: Array.isArray(item.submenu) ? Menu.buildFromTemplate(item.submenu) : item.submenu,
    }))
    return menu
  }
  static setApplicationMenu(menu: Menu | null): void {
    Menu.#ofApp = menu
  }
  static getApplicationMenu(): Menu | null {
    return Menu.#ofApp
  }
}

export class Tray extends EventEmitter {
  /** All that are there, for tests. */
  static readonly shown: Tray[] = []
  image: Loose
  tooltip = ''
  menu: Menu | null = null

  constructor(image: Loose) {
    super()
    if (process.env.STANDIN_NO_TRAY === '1') throw new Error('There is no place for a tray')
    this.setImage(image)
    Tray.shown.push(this)
  }
  setImage(image: Loose): void {
    if (image.isEmpty()) throw new Error('Failed to load image')
    this.image = image
  }
  setToolTip(text: string): void {
    this.tooltip = text
  }
  setContextMenu(menu: Menu | null): void {
    this.menu = menu
  }
}

export class Notification extends EventEmitter {
  static isSupported(): boolean {
    return true
  }
  readonly options: Loose

  constructor(options: Loose) {
    super()
    this.options = options
  }
  show(): void {
    record('notification', this.options)
    queueMicrotask(() => this.emit('show', {}))
  }
}

/** Nobody is there to choose: every dialogue is closed, unless a test answers it. */
export const dialog = {
  async showOpenDialog(...args: unknown[]) {
    record('dialog.showOpenDialog', args.at(-1))
    return { canceled: true, filePaths: [] as string[] }
  },
  async showSaveDialog(...args: unknown[]) {
    record('dialog.showSaveDialog', args.at(-1))
    return { canceled: true, filePath: '' }
  },
  showErrorBox(title: string, content: string) {
    record('dialog.showErrorBox', title, content)
  },
}

export const shell = {
  async openExternal(url: string) {
    record('shell.openExternal', url)
  },
}

type PermissionHandler = ((...args: Loose[]) => unknown) | null

class Session {
  readonly permissions: Record<'request' | 'check' | 'device', PermissionHandler> = {
    request: null,
    check: null,
    device: null,
  }
  setPermissionRequestHandler(handler: PermissionHandler): void {
    this.permissions.request = handler
  }
  setPermissionCheckHandler(handler: PermissionHandler): void {
    this.permissions.check = handler
  }
  setDevicePermissionHandler(handler: PermissionHandler): void {
    this.permissions.device = handler
  }
}
export const session = { defaultSession: new Session() }

export const protocol = {
  registerSchemesAsPrivileged(schemes: { scheme: string }[]) {
    if (world.isReady) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    record('protocol.registerSchemesAsPrivileged', schemes)
  },
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>) {
    world.protocols.set(scheme, handler)
  },
}

export const nativeImage = {
  createFromPath: (path: string) => ({ path, isEmpty: () => !existsSync(path) }),
}
