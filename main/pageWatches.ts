import type { WatchRequest } from '../preload/channels.ts'
import { isOwnPage, type SenderFrame } from './senders.ts'

/** As much of a WebContents as is used here. */
export interface Page {
  readonly id: number
  isDestroyed(): boolean
  send(channel: string, ...args: unknown[]): void
  once(event: 'destroyed', listener: () => void): unknown
}

export interface PageEvent {
  readonly sender: Page
  readonly senderFrame: SenderFrame | null
}

/** As much of ipcMain as is used here. */
export interface Hearing {
  on(channel: string, listener: (event: PageEvent, ...args: unknown[]) => void): unknown
}

/** A page may watch this many things at once. */
const mostWatches = 100

/** Everything that pages watch, by page and number, so that it ends with the page. */
export class PageWatches {
  readonly #stops = new Map<number, Map<string, () => void>>()

  /**
   * Lets pages of the app watch what `begin` begins: it sends news with `tell` until the function that it gives back is called.
   */
  serve(ipc: Hearing, channel: string, begin: (tell: (news: unknown) => void) => () => void): void {
    ipc.on(channel, ({ sender, senderFrame }, request) => {
      if (!isOwnPage(senderFrame) || !isRequest(request)) return
      if ('unwatch' in request) return this.#end(sender, `${channel} ${request.unwatch}`)
      const number = request.watch
      const key = `${channel} ${number}`
      const stops = this.#stopsOf(sender)
      if (stops.has(key) || stops.size >= mostWatches) return
      let isOver = false
      // Noted first: what is watched may tell its first news at once.
      stops.set(key, () => {
        isOver = true
      })
      const stop = begin(news => {
        if (!isOver && !sender.isDestroyed()) sender.send(channel, number, news)
      })
      stops.set(key, () => {
        isOver = true
        stop()
      })
    })
  }

  /** Ends what an earlier page in the same place has watched. */
  endAll(page: Page): void {
    const stops = this.#stops.get(page.id)
    this.#stops.delete(page.id)
    for (const stop of stops?.values() ?? []) stop()
  }

  #stopsOf(page: Page): Map<string, () => void> {
    const known = this.#stops.get(page.id)
    if (known) return known
    const stops = new Map<string, () => void>()
    this.#stops.set(page.id, stops)
    page.once('destroyed', () => this.endAll(page))
    return stops
  }

  #end(page: Page, key: string): void {
    const stops = this.#stops.get(page.id)
    const stop = stops?.get(key)
    stops?.delete(key)
    stop?.()
  }
}

function isRequest(value: unknown): value is WatchRequest {
  if (typeof value !== 'object' || value === null) return false
  const [[key, number] = [], ...others] = Object.entries(value)
  return (key === 'watch' || key === 'unwatch') && Number.isSafeInteger(number) && others.length === 0
}
