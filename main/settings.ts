import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

const settingsSchema = z.object({
  /** The person knows that the app goes on when its window is closed. */
  toldOfBackground: z.boolean().catch(false),
  /** Time of the newest notice that was shown, as the helper gave it; null before the first. */
  noticesSeenAt: z.iso.datetime({ precision: 3 }).nullable().catch(null),
})
export type Settings = z.infer<typeof settingsSchema>

/** What the desktop program itself remembers. It is only about comfort: a file that cannot be read counts as empty. */
export class SettingsFile {
  readonly #path: string
  #settings: Settings
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
    this.#settings = readSettings(path)
  }

  get current(): Settings {
    return this.#settings
  }

  /** Takes effect at once, and on disk soon after. */
  change(changes: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...changes }
    const text = `${JSON.stringify(this.#settings, null, 2)}\n`
    this.#writing = this.#writing.then(() => this.#write(text)).catch(() => undefined)
  }

  async #write(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await writeFile(`${this.#path}.part`, text, { mode: 0o600 })
    await rename(`${this.#path}.part`, this.#path)
  }
}

function readSettings(path: string): Settings {
  let value: unknown = {}
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // There is none yet.
  }
  return settingsSchema.catch({ toldOfBackground: false, noticesSeenAt: null }).parse(value)
}
