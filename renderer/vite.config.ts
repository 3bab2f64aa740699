import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { openingPreloads } from './openingPreloads.ts'

/** The pages of the app as plain files: no inline scripts or styles, because their content policy forbids both. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  // Screens and languages: one of each is needed, and which one is known in the page alone.
  plugins: [react(), openingPreloads([/\/src\/screens\//, /\/src\/i18n\/(en|de)\//])],
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    target: 'chrome120',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
