import type { AppBridge } from '../../engine/contract/appBridge.ts'

declare global {
  interface Window {
    /** Set by the preload script of the desktop app; missing in a browser. */
    readonly holdfast?: AppBridge
  }
}
