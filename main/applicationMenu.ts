import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { Texts } from './texts.ts'

/** Hidden until Alt is pressed; here for its keys, and as the way to quit where there is no tray. */
export function applicationMenu(texts: Texts, { isPackaged, quit }: { isPackaged: boolean; quit: () => void }): Menu {
  const developer: MenuItemConstructorOptions[] = isPackaged ? [] : [{ role: 'toggleDevTools' }]
  return Menu.buildFromTemplate([
    {
      label: 'Holdfast',
      submenu: [
        { label: texts.menuWindow, accelerator: 'CmdOrCtrl+W', role: 'close' },
        { type: 'separator' },
        { label: texts.quit, accelerator: 'CmdOrCtrl+Q', click: quit },
      ],
    },
    { label: texts.menuEdit, role: 'editMenu' },
    {
      label: texts.menuView,
      submenu: [
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'resetZoom' },
        { role: 'togglefullscreen' },
        ...developer,
      ],
    },
  ])
}
