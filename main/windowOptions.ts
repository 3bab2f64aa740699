import type { BrowserWindowConstructorOptions } from 'electron'
import { versionArgument } from '../preload/channels.ts'

export interface WindowFacts {
  preload: string
  icon: string
  version: string
  isPackaged: boolean
}

/**
 * What the window is made with. Each lock is named although most are Electron's defaults today: a default that changes must not
 * open one. Pure.
 */
export function windowOptions({ preload, icon, version, isPackaged }: WindowFacts) {
  return {
    width: 1120,
    height: 760,
    minWidth: 760,
    minHeight: 560,
    show: false,
    title: 'Holdfast',
    icon,
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      navigateOnDragDrop: false,
      // The dictionaries would be fetched from the network.
      spellcheck: false,
      devTools: !isPackaged,
      additionalArguments: [`${versionArgument}${version}`],
    },
  } satisfies BrowserWindowConstructorOptions
}
