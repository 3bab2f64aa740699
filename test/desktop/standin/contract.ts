import type * as Electron from 'electron'
import { app } from './app.ts'
import { dialog, nativeImage, session, shell } from './services.ts'

/** Has the compiler compare the stand-in with Electron's own types, as far as both speak of the same things. */
export const compared: {
  app: Pick<
    typeof Electron.app,
    | 'whenReady'
    | 'isReady'
    | 'isPackaged'
    | 'getName'
    | 'getVersion'
    | 'getAppPath'
    | 'getLocale'
    | 'quit'
    | 'exit'
    | 'enableSandbox'
    | 'requestSingleInstanceLock'
    | 'releaseSingleInstanceLock'
    | 'setAsDefaultProtocolClient'
  >
  dialog: Pick<typeof Electron.dialog, 'showErrorBox' | 'showOpenDialog' | 'showSaveDialog'>
  shell: Pick<typeof Electron.shell, 'openExternal'>
  session: Pick<
    typeof Electron.session.defaultSession,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >
  image: Pick<ReturnType<typeof Electron.nativeImage.createFromPath>, 'isEmpty'>
} = { app, dialog, shell, session: session.defaultSession, image: nativeImage.createFromPath('') }
