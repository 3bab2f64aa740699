import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { Cdp } from './cdp.ts'
import { world } from './world.ts'

const options = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-popup-blocking',
  '--no-startup-window',
  '--remote-debugging-port=0',
]
const patienceMs = 3000

/** The browser that shows the pages. */
export class Chromium {
  readonly cdp: Cdp
  readonly #process: ChildProcess

  private constructor(cdp: Cdp, process: ChildProcess) {
    this.cdp = cdp
    this.#process = process
  }

  static async launch(profile: string): Promise<Chromium> {
    mkdirSync(profile, { recursive: true })
    const headless = process.env.STANDIN_HEADED === '1' ? [] : ['--headless']
    const program = process.env.STANDIN_CHROMIUM ?? '/usr/bin/chromium'
    const child = spawn(program, [...headless, ...options, `--user-data-dir=${profile}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    process.on('exit', () => child.kill('SIGKILL'))
    const url = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stderr!.on('data', text => {
        // Playwright waits for the same line.
        process.stderr.write(text)
        said += text
        const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? []
        if (address) resolve(address)
      })
      child.on('exit', code => reject(new Error(`Chromium ended with ${code}`)))
      child.on('error', reject)
    })
    const cdp = await Cdp.connect(url)
    await cdp.send('Target.setDiscoverTargets', { discover: true })
    cdp.root.on('Target.targetDestroyed', ({ targetId }) => world.contents.get(targetId)?.gone())
    cdp.root.on('Target.targetCreated', ({ targetInfo }) => {
      if (targetInfo.type === 'page' && targetInfo.openerId) world.contents.get(targetInfo.openerId)?.popup(targetInfo)
    })
    return new Chromium(cdp, child)
  }

  async close(): Promise<void> {
    const gone = new Promise<void>(resolve => {
      if (this.#process.exitCode !== null) resolve()
      else this.#process.once('exit', () => resolve())
    })
    await this.cdp.send('Browser.close').catch(() => this.#process.kill())
    const last = setTimeout(() => this.#process.kill('SIGKILL'), patienceMs)
    await gone
    clearTimeout(last)
  }
}
