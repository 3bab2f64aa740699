import { app } from 'electron'
import { announceContent } from './appProtocol.ts'
import { linkScheme } from './deepLink.ts'
import { DesktopApp } from './desktopApp.ts'

/** The desktop program. One runs for each person: a second start only shows the window of the first. */

app.enableSandbox()
announceContent()

if (app.requestSingleInstanceLock()) {
  const desktop = new DesktopApp()
  app.on('second-instance', (_event, args) => desktop.startedAgain(args))
  // It goes on in the background, with a tray or without.
  app.on('window-all-closed', () => undefined)
  app.on('before-quit', () => desktop.quitting())
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme)
  void app.whenReady().then(() => desktop.start(process.argv))
} else {
  app.quit()
}
