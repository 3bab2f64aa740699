import { app } from './app.ts'
import { BrowserWindow } from './browserWindow.ts'
import { ipcMain } from './ipcMain.ts'
import { dialog, Menu, Notification, nativeImage, protocol, session, shell, Tray } from './services.ts'
import { recorded } from './world.ts'

/**
 * What the main process gets for 'electron' in tests: windows are pages of an ordinary Chromium, the rest is recorded. Written
 * for what the desktop app uses; anything else fails loudly instead of being undefined.
 */
const parts: Record<string | symbol, unknown> = {
  app,
  BrowserWindow,
  ipcMain,
  Menu,
  Tray,
  Notification,
  dialog,
  shell,
  session,
  protocol,
  nativeImage,
  __standin: { recorded },
}
const quiet = new Set<string | symbol>(['__esModule', 'then', 'default'])

const electron = new Proxy(parts, {
  get(target, name) {
    if (typeof name === 'symbol' || name in target || quiet.has(name)) return target[name]
    throw new Error(`electron stand-in: '${name}' is not there`)
  },
})

export { app, electron as 'module.exports' }
