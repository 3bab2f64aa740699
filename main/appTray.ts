import { join } from 'node:path'
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron'
import type { TrayIcon } from './trayFacts.ts'
import type { TrayAction, TrayItem, TrayModel } from './trayMenu.ts'

/** The icon in the panel. Not every desktop has a place for one: then there is none, and everything else works. */
export class AppTray {
  readonly #icons: string
  readonly #act: (action: TrayAction) => void
  #tray: Tray | undefined
  #shown = ''

  /** `icons`: folder of tray-fine.png and so on. `clicked`: on the icon itself. */
  constructor(icons: string, act: (action: TrayAction) => void, clicked: () => void) {
    this.#icons = icons
    this.#act = act
    try {
      this.#tray = new Tray(this.#image('waiting'))
      this.#tray.on('click', clicked)
    } catch {
      this.#tray = undefined
    }
  }

  show(model: TrayModel): void {
    // A menu that is open closes when it is replaced, so that happens only for a reason.
    const text = JSON.stringify(model)
    if (!this.#tray || text === this.#shown) return
    this.#shown = text
    this.#tray.setImage(this.#image(model.icon))
    this.#tray.setToolTip(model.tooltip)
    this.#tray.setContextMenu(Menu.buildFromTemplate(model.items.map(item => this.#entry(item))))
  }

  #image(icon: TrayIcon) {
    return nativeImage.createFromPath(join(this.#icons, `tray-${icon}.png`))
  }

  #entry(item: TrayItem): MenuItemConstructorOptions {
    switch (item.kind) {
      case 'separator':
        return { type: 'separator' }
      case 'text':
        return { label: item.label, enabled: false }
      case 'submenu':
        return { label: item.label, submenu: item.items.map(inner => this.#entry(inner)) }
      case 'action':
        return { label: item.label, enabled: item.enabled, click: () => this.#act(item.action) }
    }
  }
}
