import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { StorageCredentials } from '../contract/credentials.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { CallOptions, Engine, RepositoryOptions, Secret, Session } from '../engineApi.ts'
import { credentialsSource, readCredentialsFile } from './credentialsFile.ts'
import { type ExitCode, exitCodes, type MonitorCode } from './exitCodes.ts'
import { withHostKey } from './hostKey.ts'
import type { Interruption } from './interruption.ts'
import { Output, type OutputStream } from './output.ts'
import { askLine, type InputStream } from './prompt.ts'
import {
  readPassphraseFile,
  readSecretFile,
  requirePassphrase,
  type SecretFile,
  type SecretOptions,
  type SecretSource,
  secretFromText,
  secretSource,
} from './secrets.ts'
import { type Person, stateDirOf } from './stateDir.ts'

/** What surrounds a run of the command line; tests bring their own. */
export interface World {
  env: Readonly<Record<string, string | undefined>>
  stdin: InputStream
  stdout: OutputStream
  stderr: OutputStream
  person: Person
  interruption: Interruption
  /** Loads the engine, which takes a while, so it happens only when a command needs it. */
  createEngine(stateDir: string): Promise<Engine>
}

/** Options that every command has. */
export interface GlobalOptions extends SecretOptions {
  repo?: string
  /** File with what the storage of the repository lets us in by. */
  credentialsFile?: string
  acceptHostKey?: string
  json?: boolean
  quiet?: boolean
  debug?: boolean
  color?: boolean
}

const attempts = 3

/** What a command works with: output, the repository and its secret, cancellation. One for each run. */
export class Cli {
  readonly world: World
  /** What the run ends with when the command does not throw. */
  exitCode: ExitCode | MonitorCode = exitCodes.ok
  /** The program with all verbs and their options; set by the program itself. Only shell completion needs it. */
  wholeProgram: (() => Promise<Command>) | undefined
  #globals: GlobalOptions
  #output: Output

  constructor(world: World, globals: GlobalOptions) {
    this.world = world
    this.#globals = globals
    this.#output = outputFor(world, globals)
  }

  get output(): Output {
    return this.#output
  }

  get globals(): Readonly<GlobalOptions> {
    return this.#globals
  }

  /** Called when the command line is parsed; until then its options are guesses. */
  configure(globals: GlobalOptions): void {
    this.#globals = globals
    this.#output = outputFor(this.world, globals)
  }

  get stateDir(): string {
    return stateDirOf(this.world.env, this.world.person)
  }

  engine(): Promise<Engine> {
    return this.world.createEngine(this.stateDir)
  }

  /** The repository that was named; undefined when none was. */
  get namedRepository(): string | undefined {
    return this.#globals.repo || this.world.env.HOLDFAST_REPO || undefined
  }

  /** usage.invalid when no repository was named. */
  get repository(): string {
    const named = this.namedRepository
    if (named !== undefined) return named
    throw new HoldfastError('usage.invalid', 'No repository was named.', {
      advice: 'Give --repo PLACE, for example --repo /media/drive/backup, or set HOLDFAST_REPO.',
    })
  }

  /** The same for somebody with another working folder. */
  get absoluteRepository(): string {
    const { repository } = this
    return /^[a-z0-9]+:/.test(repository) ? repository : resolve(repository)
  }

  /** What the storage of the repository lets us in by, out of the file that was named; nothing when none was. */
  async credentials(): Promise<{ credentials?: StorageCredentials }> {
    const source = credentialsSource(this.#globals.credentialsFile, this.world.env)
    return source === undefined ? {} : { credentials: await readCredentialsFile(this.#file(source)) }
  }

  /** The passphrase of the repository, for somebody who is to keep it. */
  async passphraseText(): Promise<string> {
    const secret = await this.#existingSecret(secretSource(this.#globals, this.world.env), this.repository)
    if (secret.kind === 'passphrase') return secret.passphrase
    throw new HoldfastError('usage.invalid', 'Only a passphrase can be kept for jobs.', {
      advice: 'Add one with "holdfast key add", and give that.',
    })
  }

  /**
   * A secret that opens no repository, out of a file. "-" is standard input; from a terminal it is asked for, unseen.
   * config.invalid when there is nothing in it.
   */
  async secretTextFrom(path: string, named: string, question: string): Promise<string> {
    const text =
      path === '-' && this.canAsk
        ? await this.ask(question, { hidden: true })
        : await readPassphraseFile(this.#file({ path, named }))
    if (text !== '') return text
    throw new HoldfastError('config.invalid', `There is nothing in ${path === '-' ? 'the input' : path} (${named}).`, {
      advice: 'Write the secret into it.',
      details: { path },
    })
  }

  /** Signal and progress for a long call. From here on Ctrl-C stops the call in order. */
  callOptions(): Required<CallOptions> {
    const { json, progress } = this.#output
    const signal = this.world.interruption.takeSignal()
    if (this.world.stderr.isTTY && !json) {
      const tell = () => this.#output.tell('Stopping in order. Press Ctrl-C again to stop at once.\n')
      signal.addEventListener('abort', tell, { once: true })
    }
    return { signal, onProgress: report => progress.report(report) }
  }

  /** A person sits in front of a terminal and can be asked. */
  get canAsk(): boolean {
    return this.world.stdin.isTTY === true && this.world.stderr.isTTY === true
  }

  ask(question: string, options: { hidden: boolean }): Promise<string> {
    const write = (text: string) => this.#output.tell(text)
    return askLine({ input: this.world.stdin, write, question, hidden: options.hidden })
  }

  /** What opens a place on a server: with the key of the server, which the person is asked about if it is new. */
  withHostKey<T>(use: (access: { acceptHostKey?: string }) => Promise<T>): Promise<T> {
    const ask = (question: string) => this.ask(question, { hidden: false })
    return withHostKey({ accepted: this.#globals.acceptHostKey, canAsk: this.canAsk, ask }, use)
  }

  /**
   * Opens the repository, lets `use` work with it and closes it. `isHeavy` means that all of its data, or of a disk, is
   * likely to be gone through: threads for that are started meanwhile.
   */
  async withSession<T>(
    use: (session: Session) => Promise<T>,
    options: RepositoryOptions = {},
    isHeavy = false,
  ): Promise<T> {
    if (isHeavy) (await import('../pipeline/spareThreads.ts')).startSpareThreads()
    const url = this.repository
    const source = secretSource(this.#globals, this.world.env)
    const session = await this.#open(url, source, { ...(await this.credentials()), ...options })
    try {
      return await use(session)
    } finally {
      await session.close()
    }
  }

  async #open(url: string, source: SecretSource, options: RepositoryOptions): Promise<Session> {
    for (let attempt = 1; ; attempt++) {
      try {
        const secret = await this.#existingSecret(source, url)
        const engine = await this.engine()
        return await this.withHostKey(access => engine.open(url, secret, { ...options, ...access }))
      } catch (error) {
        const mayRetry = source.kind === 'ask' && attempt < attempts && isHoldfastError(error, 'repository.wrongKey')
        if (!mayRetry) throw error
        this.#output.tell(`${error.message} Try again.\n`)
      }
    }
  }

  async #existingSecret(source: SecretSource, url: string): Promise<Secret> {
    switch (source.kind) {
      case 'key-file':
        return { kind: 'keyfile', content: await readSecretFile(this.#file(source)) }
      case 'passphrase-file':
        return await secretFromText(await this.#filledFile(this.#file(source)))
      case 'text':
        return await secretFromText(source.text)
      case 'ask':
        this.#requireTerminal('No passphrase was given.')
        return await secretFromText(await this.ask(`Passphrase or recovery phrase of ${url}: `, { hidden: true }))
    }
  }

  #file({ path, named }: { path: string; named: string }): SecretFile {
    const { world } = this
    return {
      path,
      named,
      get stdin() {
        return world.stdin
      },
    }
  }

  async #filledFile(file: SecretFile): Promise<string> {
    const text = await readPassphraseFile(file)
    if (text !== '') return text
    throw new HoldfastError('config.invalid', `The passphrase file ${file.path} (${file.named}) is empty.`, {
      advice: 'Write the passphrase into it.',
      details: { path: file.path },
    })
  }

  /** The secret for a new repository: like an existing one, but a person types it twice. */
  async secretForNewRepository(): Promise<Secret> {
    return await this.#newSecret(secretSource(this.#globals, this.world.env))
  }

  /** A further key, from the files that were named for it or else typed twice. */
  async furtherSecret(options: { newPassphraseFile?: string; newKeyFile?: string }): Promise<Secret> {
    const { newPassphraseFile, newKeyFile } = options
    if (newPassphraseFile && newKeyFile) {
      throw new HoldfastError('usage.invalid', 'Both --new-passphrase-file and --new-key-file are given.', {
        advice: 'Add one key at a time.',
      })
    }
    if (newPassphraseFile) {
      return await this.#newSecret({ kind: 'passphrase-file', path: newPassphraseFile, named: '--new-passphrase-file' })
    }
    if (newKeyFile) return await this.#newSecret({ kind: 'key-file', path: newKeyFile, named: '--new-key-file' })
    return await this.#newSecret({ kind: 'ask' })
  }

  async #newSecret(source: SecretSource): Promise<Secret> {
    if (source.kind === 'key-file') {
      return { kind: 'keyfile', content: await readSecretFile(this.#file(source)) }
    }
    const passphrase =
      source.kind === 'passphrase-file'
        ? await readPassphraseFile(this.#file(source))
        : source.kind === 'text'
          ? source.text
          : await this.#typedTwice()
    await requirePassphrase(passphrase)
    return { kind: 'passphrase', passphrase }
  }

  async #typedTwice(): Promise<string> {
    this.#requireTerminal('No new passphrase was given.')
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const first = await this.ask('New passphrase: ', { hidden: true })
      await requirePassphrase(first)
      if (first === (await this.ask('Once more: ', { hidden: true }))) return first
      this.#output.tell('They are not the same. Try again.\n')
    }
    throw new HoldfastError('usage.invalid', 'The passphrase was not typed the same way twice.', {
      advice: 'Nothing was done. Start again.',
    })
  }

  #requireTerminal(what: string): void {
    if (this.canAsk) return
    throw new HoldfastError('usage.invalid', what, {
      advice:
        'Give --passphrase-file FILE or --key-file FILE, set HOLDFAST_PASSPHRASE_FILE, or run the command in a terminal.',
    })
  }
}

function outputFor(world: World, globals: GlobalOptions): Output {
  return new Output({
    stdout: world.stdout,
    stderr: world.stderr,
    env: world.env,
    json: globals.json ?? false,
    quiet: globals.quiet ?? false,
    debug: globals.debug ?? false,
    color: globals.color ?? true,
  })
}
