import { inSteps } from './steps.ts'

/** The desktop app has put a bridge into the window; a browser makes its own. */
const bridge = window.holdfast ?? (await (await import('./browser/start.ts')).startBrowserBridge())

await inSteps([
  () => import('./browser/withoutEval.ts'),
  () => import('react-dom/client'),
  () => import('./theme/theme.ts'),
])
const { mount } = await import('./app/mount.tsx')
await mount(document.getElementById('root')!, bridge)
