import './browser/withoutEval.ts'
import { mount } from './app/mount.tsx'

/** The desktop app has put a bridge into the window; a browser makes its own. */
const bridge = window.holdfast ?? (await import('./browser/bridge.ts')).connectBrowserBridge()

mount(document.getElementById('root')!, bridge)
