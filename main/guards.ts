import { app, session, type WebContents } from 'electron'

/** Locks for everything that shows a page, whoever makes it. After the app is ready, before the first window. */
export function guardPages(): void {
  app.on('web-contents-created', (_event, contents) => guard(contents))
  // Without these, Electron grants everything.
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.setDevicePermissionHandler(() => false)
}

function guard(contents: WebContents): void {
  contents.on('will-navigate', event => event.preventDefault())
  contents.on('will-frame-navigate', event => event.preventDefault())
  contents.on('will-redirect', event => event.preventDefault())
  contents.on('will-attach-webview', event => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}
