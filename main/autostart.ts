import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface AutostartOptions {
  /** ~/.config, or what XDG_CONFIG_HOME says. */
  configHome: string
  /** What starts the app, without `--hidden`. */
  command: readonly string[]
  /** What the entry says of the app. */
  comment: string
}

/** Starts the app with the session, by the freedesktop.org autostart specification. */
export class Autostart {
  readonly #path: string
  readonly #options: AutostartOptions

  constructor(options: AutostartOptions) {
    this.#options = options
    this.#path = join(options.configHome, 'autostart', 'holdfast.desktop')
  }

  async isOn(): Promise<boolean> {
    const text = await readFile(this.#path, 'utf8').catch(() => '')
    // Desktops switch entries off with such lines instead of removing them.
    const isOff = /^\s*(Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/im.test(text)
    return text !== '' && !isOff
  }

  /** Errors of the file system pass. */
  async set(on: boolean): Promise<void> {
    if (!on) return rm(this.#path, { force: true })
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const part = `${this.#path}.${process.pid}.part`
    await writeFile(part, autostartEntry(this.#options), { mode: 0o644 })
    await rename(part, this.#path)
  }
}

/** The text of the entry. Pure. */
export function autostartEntry({ command, comment }: Pick<AutostartOptions, 'command' | 'comment'>): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Holdfast',
    `Comment=${comment}`,
    `Exec=${[...command, '--hidden'].map(quoted).join(' ')}`,
    'Icon=holdfast',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n')
}

/** An argument as the Desktop Entry Specification wants it: quoted, then escaped once more as a value; % is doubled. */
function quoted(argument: string): string {
  if (/^[\w@+=:,./-]+$/.test(argument)) return argument
  const inQuotes = argument.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')
  return `"${inQuotes.replaceAll('\\', '\\\\')}"`
}
