import { ipcRenderer } from 'electron'
import type { WatchRequest } from './channels.ts'

/**
 * Gives the function that watches one channel. Every listener has a number of its own, under which the main process sends;
 * events of Electron never get as far as the page.
 */
export function watchChannel<News>(channel: string): (listener: (news: News) => void) => () => void {
  const listeners = new Map<number, (news: News) => void>()
  let nextNumber = 1
  ipcRenderer.on(channel, (_event, number: number, news: News) => listeners.get(number)?.(news))
  return listener => {
    const number = nextNumber++
    listeners.set(number, listener)
    ipcRenderer.send(channel, { watch: number } satisfies WatchRequest)
    return () => {
      if (listeners.delete(number)) ipcRenderer.send(channel, { unwatch: number } satisfies WatchRequest)
    }
  }
}
