import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Builds the stage to test/output/stage; `vite test/renderer/stage` serves it while one works on screens. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../../output/stage',
    emptyOutDir: true,
    target: 'chrome120',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
})
