import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { build } from 'vite'
import { chromiumProgram } from './chromium.ts'

/** Chromium without its sandbox, which root cannot have. It opens pages that the test itself serves. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumProgram!, args: ['--no-sandbox', '--disable-gpu'] })

/** Builds the page of test/renderer/bridgePage as the app is built. */
export async function buildBridgePage(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: join(import.meta.dirname, '../renderer/bridgePage'),
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'chrome120' },
  })
}
