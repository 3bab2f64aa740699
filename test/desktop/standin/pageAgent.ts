import { codecSource } from './codec.ts'

/** Scripts that are put into pages. */

/** One end of the bridge between the two worlds of a page: events of the document carry text from one to the other at once. */
const endpointSource = `
${codecSource}
function makeEndpoint(me, other, secret) {
  const fns = new Map(); let seq = 0
  const call = (id, args) => {
    const key = secret + ':' + me + ':' + ++seq
    let reply = null
    const on = (e) => { reply = e.detail }
    addEventListener(key, on)
    dispatchEvent(new CustomEvent(secret + ':' + other, { detail: JSON.stringify([id, key, codec.enc(args)]) }))
    removeEventListener(key, on)
    if (reply === null) throw new Error('stand-in: the other world did not answer')
    const [ok, text] = JSON.parse(reply)
    if (!ok) throw codec.dec(text)
    return codec.dec(text)
  }
  const fn = (f) => { const id = ++seq; fns.set(id, f); return id }
  const codec = makeCodec((u) => u.toBase64(), (s) => Uint8Array.fromBase64(s), {
    fn, unfn: (id) => (...a) => call(id, a),
    promise: (p) => fn((res, rej) => { p.then(res, rej) }),
    unpromise: (id) => new Promise((res, rej) => call(id, [res, rej]))
  })
  addEventListener(secret + ':' + me, (e) => {
    const [id, key, args] = JSON.parse(e.detail)
    let out
    try { out = [true, codec.enc(fns.get(id)(...codec.dec(args)))] } catch (err) { out = [false, codec.enc(err instanceof Error ? err : new Error(String(err)))] }
    dispatchEvent(new CustomEvent(key, { detail: JSON.stringify(out) }))
  })
  return { call, on: (id, f) => fns.set(id, f) }
}
`
const freeze = `const freeze = (o) => { if (o && typeof o === 'object' && !ArrayBuffer.isView(o)) { Object.values(o).forEach(freeze); Object.freeze(o) } return o }`

/** What runs in the page's own world before the page. `secret` names the events. */
export const mainWorld = (secret: string): string => `(() => { ${endpointSource}
  ${freeze}
  const ep = makeEndpoint('M', 'I', ${JSON.stringify(secret)})
  ep.on(-1, (key, api) => {
    if (Object.hasOwn(globalThis, key)) throw new Error('Cannot bind an API on top of an existing property on the window object')
    Object.defineProperty(globalThis, key, { value: freeze(api), enumerable: true, writable: false, configurable: false })
  })
})()`

export interface Preload {
  path: string
  source: string
  /** What it sees as `process`. */
  process: object
}

/** What runs in the isolated world: the preload script, and what Electron gives it. */
export const isolatedWorld = (secret: string, preload: Preload): string => `(() => {
  if (window !== window.top || location.href === 'about:blank') return
  ${endpointSource}
  const ep = makeEndpoint('I', 'M', ${JSON.stringify(secret)})
  const wire = makeCodec((u) => u.toBase64(), (s) => Uint8Array.fromBase64(s))
  const bind = globalThis.__standinIpc
  const clone = (a) => { try { return structuredClone(a) } catch { throw new Error('An object could not be cloned.') } }
  const listeners = new Map(), pending = new Map(); let seq = 0
  const post = (kind, channel, args, id) => bind(JSON.stringify([kind, channel, wire.enc(clone(args)), id ?? 0]))
  const ipcRenderer = {
    send(c, ...a) { post('send', c, a) },
    invoke(c, ...a) { const id = ++seq; return new Promise((res, rej) => { pending.set(id, [res, rej]); try { post('invoke', c, a, id) } catch (e) { pending.delete(id); rej(e) } }) },
    sendSync() { throw new Error('electron stand-in: ipcRenderer.sendSync is not available') },
    on(c, f) { (listeners.get(c) ?? listeners.set(c, []).get(c)).push(f); return ipcRenderer },
    once(c, f) { const g = (...a) => { ipcRenderer.off(c, g); f(...a) }; g.orig = f; return ipcRenderer.on(c, g) },
    off(c, f) { const l = listeners.get(c) ?? []; const i = l.findIndex((g) => g === f || g.orig === f); if (i >= 0) l.splice(i, 1); return ipcRenderer },
    removeAllListeners(c) { c === undefined ? listeners.clear() : listeners.delete(c); return ipcRenderer },
    listenerCount(c) { return (listeners.get(c) ?? []).length }
  }
  ipcRenderer.addListener = ipcRenderer.on; ipcRenderer.removeListener = ipcRenderer.off
  Object.defineProperty(globalThis, '__standinDeliver', { value: (kind, key, text) => {
    const v = wire.dec(text)
    if (kind === 'event') { for (const f of [...(listeners.get(key) ?? [])]) f({ sender: ipcRenderer, ports: [] }, ...v); return }
    const p = pending.get(key); pending.delete(key)
    if (p) kind === 'ok' ? p[0](v) : p[1](new Error(v))
  } })
  const no = (n) => () => { throw new Error('electron stand-in: ' + n + ' is not available in the preload') }
  const electron = {
    ipcRenderer,
    contextBridge: {
      exposeInMainWorld(k, api) { ep.call(-1, [k, api]) },
      exposeInIsolatedWorld: no('exposeInIsolatedWorld'), executeInMainWorld: no('executeInMainWorld')
    },
    webFrame: { setZoomFactor: no('webFrame.setZoomFactor'), insertCSS: no('webFrame.insertCSS') },
    webUtils: { getPathForFile: no('webUtils.getPathForFile') },
    crashReporter: {}, nativeImage: {}
  }
  const require = (n) => {
    if (n === 'electron' || n === 'electron/renderer' || n === 'electron/common') return electron
    throw new Error('module not found: ' + n)   // real sandboxed preloads also allow events, timers, url
  }
  const process = Object.freeze(${JSON.stringify(preload.process)})
  bind(JSON.stringify(['hello', '', '', 0]))
  try {
    const module = { exports: {} };
    (function (require, module, exports, process, global) {
${preload.source}
    })(require, module, module.exports, process, globalThis)
  } catch (e) {
    bind(JSON.stringify(['preload-error', ${JSON.stringify(preload.path)}, wire.enc([e instanceof Error ? e : new Error(String(e))]), 0]))
    console.error('Unable to load preload script: ' + ${JSON.stringify(preload.path)}); console.error(e)
  }
})()
//# sourceURL=standin-preload.js`
