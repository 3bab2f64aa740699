import type { Command } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { createLogger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { ownVersion } from '../ownVersion.ts'
import { parseCount } from '../values.ts'

const notes = `
It serves the app to a browser on this computer and to nobody else, until it is
told to end (Ctrl-C). The address that it prints lets one browser in, once; for
another one, run the command again.

The app talks to the service of this computer where that runs, and else to a
helper of your own for image files. That one is started when none runs, and ends
with the command unless a run is under way. Whatever is done in the browser is
done in the name of who runs the command.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Open the app in a browser.')
    .option('--open', 'also show it in the browser, where there is a display')
    .option('--port <number>', 'port on this computer, from 1024; any that is free unless given')
    .option('--idle <seconds>', 'end when no page has been open for so long')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['ui', 'Print the address of the app.'],
          ['ui --open', 'Show it in the browser.'],
          ['ui --port 8650 --json', 'A port that you know, and the address for programs, as {"url": …}.'],
          ['ui --idle 600', 'End ten minutes after the last page was closed.'],
        ],
        notes,
      ),
    )
    .action((options: Options) => run(cli, options))
}

interface Options {
  open?: boolean
  port?: string
  idle?: string
}

async function run(cli: Cli, options: Options): Promise<void> {
  const port = options.port === undefined ? 0 : parsePort(options.port)
  const idleMs = options.idle === undefined ? undefined : parseCount(options.idle, '--idle') * 1000
  const [{ serveUi }, { readPages }, { HelperAccess }, { rendererFolder }, { hasDisplay, openBrowser }] =
    await Promise.all([
      import('../../ui/server.ts'),
      import('../../ui/pages.ts'),
      import('../ui/helperAccess.ts'),
      import('../ui/renderer.ts'),
      import('../ui/openBrowser.ts'),
    ])
  const { env, person } = cli.world
  const { signal } = cli.callOptions()
  const onBuild = () => cli.output.quiet || cli.output.json || cli.output.tell('Making the pages of the app…\n')
  const pages = await readPages(await rendererFolder({ env, signal, onBuild }))
  const program = ownVersion()
  const access = new HelperAccess({ env, person, stateDir: cli.stateDir, program })
  const idle = new IdleWatch(idleMs, signal)
  try {
    // Whether the app can work at all is better said here than in the browser.
    const first = await access.open()
    first.destroy()
    const server = await serveUi({
      pages,
      port,
      program,
      openHelper: () => access.open(),
      onPages: count => idle.note(count),
      log: createLogger({ level: 'warn', write: line => cli.world.stderr.write(line) }),
    })
    try {
      cli.output.result({ url: server.url }, () => `${server.url}\n`)
      const opened =
        options.open && hasDisplay(env) ? await openBrowser(server.url, { env, folder: cli.stateDir }) : undefined
      if (options.open && !opened?.isOpen) cli.output.warn('No browser could be opened; open the address yourself.')
      try {
        await idle.over
      } finally {
        await opened?.remove()
      }
    } finally {
      await server.close()
    }
  } finally {
    const farewell = await access.close()
    if (farewell.kind === 'left-running') {
      cli.output.warn(`A run is under way. The helper goes on without the app, as process ${farewell.pid}.`)
    }
  }
}

function parsePort(text: string): number {
  const port = parseCount(text, '--port')
  if (port >= 1024 && port <= 65_535) return port
  throw new HoldfastError('usage.invalid', `“${text}” is no value for --port.`, {
    advice: 'Give a number from 1024 to 65535.',
  })
}

/** Waits for the end: the signal, or a stretch of time without a page. */
class IdleWatch {
  readonly over: Promise<void>
  readonly #end: () => void
  readonly #idleMs: number | undefined
  #stopWaiting = new AbortController()
  #isOver = false

  constructor(idleMs: number | undefined, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#end = resolve
    this.#idleMs = idleMs
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
    this.note(0)
    void this.over.then(() => {
      this.#isOver = true
      this.#stopWaiting.abort()
    })
  }

  /** So many pages are open now. */
  note(pages: number): void {
    this.#stopWaiting.abort()
    this.#stopWaiting = new AbortController()
    if (pages > 0 || this.#idleMs === undefined || this.#isOver) return
    systemClock.sleep(this.#idleMs, this.#stopWaiting.signal).then(this.#end, () => {})
  }
}
