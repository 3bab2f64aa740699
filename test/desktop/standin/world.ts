import type { EventEmitter } from 'node:events'
import type { Cdp } from './cdp.ts'
import type { Loose } from './loose.ts'

/** What the parts of the stand-in share. */
export interface World {
  app: EventEmitter | undefined
  chromium: { readonly cdp: Cdp } | undefined
  isReady: boolean
  isQuitting: boolean
  /** Pages by their target of the DevTools protocol. */
  contents: Map<string, { gone(): void; popup(target: Loose): void }>
  windows: Loose[]
  /** Of protocol.handle, by scheme. */
  protocols: Map<string, (request: Request) => Response | Promise<Response>>
}

export const world: World = {
  app: undefined,
  chromium: undefined,
  isReady: false,
  isQuitting: false,
  contents: new Map(),
  windows: [],
  protocols: new Map(),
}

/** What a person would see or the system would do, which nothing here shows. Tests ask for it. */
export const recorded: { api: string; args: unknown[] }[] = []
export const record = (api: string, ...args: unknown[]): void => void recorded.push({ api, args })

/** Emits an event that listeners may prevent; true when one did. */
export function isPrevented(emitter: EventEmitter, name: string, ...args: unknown[]): boolean {
  const event = {
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true
    },
  }
  emitter.emit(name, event, ...args)
  return event.defaultPrevented
}

/** Chromium serves no scheme that it does not know, so such addresses get a host of their own on the way to it. */
const hostEnd = 'standin.invalid'

export function toNetwork(url: string): string {
  const [, scheme = '', host = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  return world.protocols.has(scheme) ? `https://${host}.${scheme}.${hostEnd}${rest}` : url
}

export function fromNetwork(url: string): string {
  return url.replace(/^https:\/\/([^/]*)\.([a-z0-9+-]+)\.standin\.invalid/, '$2://$1')
}

/** As Electron gives the origin of a frame. */
export function originOf(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed) return 'null'
  return world.protocols.has(parsed.protocol.slice(0, -1)) ? `${parsed.protocol}//${parsed.host}` : parsed.origin
}
