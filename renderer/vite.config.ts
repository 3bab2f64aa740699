import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The pages of the app as plain files: no inline scripts or styles, because their content policy forbids both. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../out/renderer',
    emptyOutDir: true,
    target: 'chrome120',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
