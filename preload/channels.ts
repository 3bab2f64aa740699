import type { BridgeConnection } from '../engine/contract/appBridge.ts'
import type { WireError } from '../engine/contract/errors.ts'

/** Names of what passes between the page's side of the bridge and the main process, and the shape of what is watched. */

/** Asked and answered. One channel for each call, so that there is nothing that takes the name of a call. */
export const callChannel = (name: string): string => `call:${name}`

/** A page tells that it has begun: what an earlier page of the same window watched is over. */
export const pageChannel = 'page'

/** Watched by number: the page sends WatchRequest, and gets the number with each piece of news on the same channel. */
export const topicChannel = (name: string): string => `topic:${name}`
export const connectionChannel = 'shell:connection'
export const navigationChannel = 'shell:navigation'

export const shellChannels = {
  reconnect: 'shell:reconnect',
  unlock: 'shell:unlock',
  chooseFile: 'shell:chooseFile',
  chooseFolder: 'shell:chooseFolder',
  saveText: 'shell:saveText',
  openPage: 'shell:openPage',
  autostart: 'shell:autostart',
  setAutostart: 'shell:setAutostart',
} as const

export type WatchRequest = { watch: number } | { unwatch: number }

export type TopicNews =
  | { kind: 'state'; state: unknown }
  | { kind: 'change'; change: unknown }
  | { kind: 'refused'; error: WireError }
export type ConnectionNews = BridgeConnection
export type NavigationNews = string

/** What the main process gives a preload script to know before it can ask: the version of the app. */
export const versionArgument = '--holdfast-version='
