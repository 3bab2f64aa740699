import type { AppBridge } from '../../../engine/contract/appBridge.ts'

/** The bridge of a page that no desktop program has opened. Throws when there is nothing to connect to. */
export function connectBrowserBridge(): AppBridge {
  throw new Error('This page belongs to the Holdfast app and has to be opened by it.')
}
