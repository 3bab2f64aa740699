import type { WireError } from './errors.ts'
import type { HelperContract } from './helperContract.ts'
import type { CallInput, CallName, CallOutput, TopicChange, TopicName, TopicState } from './rpcContract.ts'

/**
 * What the screens have instead of a connection: `window.holdfast`, made by the preload script of the desktop app, or by the
 * page itself over a WebSocket. Named functions only; nothing here takes the name of a call.
 */
export interface AppBridge {
  readonly calls: BridgeCalls
  readonly topics: BridgeTopics
  readonly shell: AppShell
}

/** Errors cross borders as values: what an isolated world throws arrives without its code. */
export type Reply<Value> = { ok: true; value: Value } | { ok: false; error: WireError }

export type BridgeCalls = {
  readonly [Name in CallName<HelperContract>]: (
    input: CallInput<HelperContract, Name>,
  ) => Promise<Reply<CallOutput<HelperContract, Name>>>
}

/**
 * Watches a topic until the function that comes back is called. When the connection is lost, nothing comes until it is there
 * again; then the whole state comes anew.
 */
export type BridgeTopics = {
  readonly [Name in TopicName<HelperContract>]: (
    listener: BridgeListener<TopicState<HelperContract, Name>, TopicChange<HelperContract, Name>>,
  ) => () => void
}

export interface BridgeListener<State, Change> {
  state(state: State): void
  change(change: Change): void
  /** The helper refuses this topic. Nothing comes any more. */
  refused(error: WireError): void
}

/** How the app and the helper stand. */
export type BridgeConnection =
  /** Looking for the helper, or waiting to try again; `error` says why the last try failed. */
  | { state: 'connecting'; error: WireError | null }
  | {
      state: 'connected'
      /** system: the service, or a helper that was given rights; user: one without rights, for image files. */
      mode: 'system' | 'user'
      /** Version of the helper. */
      program: string
      /** `unlock` can start a helper with rights. */
      canUnlock: boolean
    }

/** What only the program around the screens can do. */
export interface AppShell {
  readonly kind: 'desktop' | 'browser'
  /** Version of the app. */
  readonly program: string
  /** Tells at once how things stand, then every change, until the function that comes back is called. */
  connection(listener: (connection: BridgeConnection) => void): () => void
  /** Tries to connect at once. */
  reconnect(): void
  /** Asks for the rights of an administrator and starts a helper that has them. `access.denied` when the person gives up. */
  unlock(): Promise<Reply<null>>
  /** A dialogue of the system; null when it was closed, and undefined where there is none (a browser): let the person type. */
  chooseFile(): Promise<string | null | undefined>
  chooseFolder(): Promise<string | null | undefined>
  /** Lets the person keep a text as a file; false when they do not. */
  saveText(file: {
    name: string
    type: 'text/html' | 'application/json' | 'text/plain'
    text: string
  }): Promise<boolean>
  /** Opens a page of the project in the browser. Only these. */
  openPage(page: AppPage): void
  /** Starts with the session of the person; null where that cannot be set. */
  autostart(): Promise<boolean | null>
  setAutostart(on: boolean): Promise<void>
  /** A link or the tray asks for a screen, such as '/versions'. */
  navigation(listener: (path: string) => void): () => void
}

export const appPages = ['website', 'documentation', 'issues'] as const
export type AppPage = (typeof appPages)[number]
