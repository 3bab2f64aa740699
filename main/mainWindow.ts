import { BrowserWindow } from 'electron'
import { contentStart } from './content.ts'
import { type WindowFacts, windowOptions } from './windowOptions.ts'

export interface MainWindowOptions {
  facts: WindowFacts
  /** The person has closed the window, and the app goes on without. */
  hidden: () => void
}

/** The window. Closing it only hides it, until the app quits. */
export class MainWindow {
  readonly #options: MainWindowOptions
  #window: BrowserWindow | undefined
  #isQuitting = false

  constructor(options: MainWindowOptions) {
    this.#options = options
  }

  get window(): BrowserWindow | undefined {
    return this.#window
  }

  /** Shows it, and makes it first if there is none. */
  show(): void {
    if (this.#window) reveal(this.#window)
    else this.#create()
  }

  /** From now on the window closes for good. */
  letGo(): void {
    this.#isQuitting = true
  }

  #create(): void {
    const window = new BrowserWindow(windowOptions(this.#options.facts))
    this.#window = window
    window.once('ready-to-show', () => window.show())
    window.on('close', event => {
      if (this.#isQuitting) return
      event.preventDefault()
      window.hide()
      this.#options.hidden()
    })
    window.on('closed', () => {
      this.#window = undefined
    })
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason !== 'clean-exit' && !window.isDestroyed()) void this.#load(window)
    })
    void this.#load(window)
  }

  async #load(window: BrowserWindow): Promise<void> {
    try {
      await window.loadURL(contentStart)
    } catch (error) {
      if (!this.#isQuitting) console.error(`The window stays empty: ${String(error)}`)
    }
  }
}

function reveal(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}
