import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fingerprintOf } from '../../engine/storage/sftp/hostKeys.ts'
import { newSshKey } from './sshKeys.ts'

/** Where Debian has it; it must be started by its full path, because it executes itself again. */
export const sshdPath = '/usr/sbin/sshd'

export interface SshServerOptions {
  /** Further arguments of internal-sftp, such as -P LIST for requests that are refused. */
  sftp?: string
  /** Shut logins into the folder that holds `folder`. */
  chroot?: boolean
  user?: string
  /** Nothing is forced on who logs in, as OpenSSH is by itself: lines of authorizedKeys alone say what their keys may. */
  unforced?: boolean
}

/** OpenSSH on a free port of the loopback device, for one user with one key, with SFTP and nothing else unless `unforced`. */
export class SshServer {
  readonly port: number
  readonly user: string
  /** On the file system of this computer. Logins begin here; empty at first, and writable. */
  readonly folder: string
  /** The same as those see it who log in. */
  readonly seen: string
  readonly identity: string
  /** Its lines say who may log in; below `folder` when that is `unforced`, as the home of a user has it. */
  readonly authorizedKeys: string
  readonly #home: string
  readonly #options: SshServerOptions
  #process: ChildProcess | undefined
  #hostKey: Buffer = Buffer.alloc(0)

  private constructor(home: string, port: number, options: SshServerOptions) {
    this.#home = home
    this.#options = options
    this.port = port
    this.user = options.user ?? userInfo().username
    this.folder = join(home, 'jail/data')
    this.seen = options.chroot ? '/data' : this.folder
    this.identity = join(home, 'user')
    this.authorizedKeys = join(options.unforced ? this.folder : home, '.ssh/authorized_keys')
  }

  static async start(options: SshServerOptions = {}): Promise<SshServer> {
    // Nobody but root may be able to write above a jail, so that it cannot be below /tmp.
    const home = await mkdtemp(join(options.chroot ? '/run' : tmpdir(), 'holdfast-ssh-'))
    await chmod(home, 0o755)
    const server = new SshServer(home, await freePort(), options)
    await mkdir(server.folder, { recursive: true })
    // Of sshd itself; systemd would have made it.
    await mkdir('/run/sshd', { recursive: true })
    const key = newSshKey()
    await writeFile(server.identity, key.private, { mode: 0o600 })
    await mkdir(dirname(server.authorizedKeys))
    await writeFile(server.authorizedKeys, `${key.public}\n`)
    if (options.user !== undefined) {
      const id = (flag: string) => Number(execFileSync('id', [flag, server.user]))
      await chown(server.folder, id('-u'), id('-g'))
    }
    await server.newHostKey()
    await server.run()
    return server
  }

  get fingerprint(): string {
    return fingerprintOf(this.#hostKey)
  }

  /** The line that ssh would have for it. */
  get knownHost(): string {
    return `[127.0.0.1]:${this.port} ssh-ed25519 ${this.#hostKey.toString('base64')}\n`
  }

  url(name = 'repository', port = this.port): string {
    return `sftp://${this.user}@127.0.0.1:${port}${this.seen}/${name}?identity=${this.identity}`
  }

  /** Takes effect with the next start. */
  async newHostKey(): Promise<void> {
    const key = newSshKey()
    await writeFile(join(this.#home, 'host'), key.private, { mode: 0o600 })
    this.#hostKey = Buffer.from(key.public.split(' ')[1]!, 'base64')
  }

  async run(): Promise<void> {
    const config = join(this.#home, 'sshd_config')
    await writeFile(config, await this.#config())
    const child = spawn(sshdPath, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    let said = ''
    child.stderr.on('data', data => {
      said += data
    })
    await answers(this.port, () => {
      if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`)
    })
  }

  /** Ends the logins that there are, as a cut line or a server that dies; the server itself goes on. */
  async killLogins(): Promise<number> {
    const pids = await descendants(this.#process!.pid!)
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        // It has ended by itself meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    return pids.length
  }

  async halt(): Promise<void> {
    if (this.#process) await this.killLogins()
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    await this.halt()
    await rm(this.#home, { recursive: true, force: true })
  }

  async #config(): Promise<string> {
    const home = this.#home
    const { sftp = '', chroot = false, unforced = false } = this.#options
    return `
Port ${this.port}
ListenAddress 127.0.0.1
HostKey ${home}/host
PidFile none
AuthorizedKeysFile ${this.authorizedKeys} ${this.authorizedKeys}2
StrictModes no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers ${this.user}
UsePAM no
UseDNS no
Subsystem sftp internal-sftp
${unforced ? 'Subsystem shell /bin/sh' : `ForceCommand internal-sftp -d ${this.seen} ${sftp}`}
${chroot ? `ChrootDirectory ${home}/jail` : ''}
MaxStartups 100
MaxSessions 64
`
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number, check: () => void): Promise<void> {
  for (;;) {
    check()
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await new Promise(resolve => setTimeout(resolve, 20))
    } finally {
      socket.destroy()
    }
  }
}

/** Processes that a process started, and theirs. */
async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.trim().split(/\s+/).filter(Boolean).map(Number)
  return [...children, ...(await Promise.all(children.map(descendants))).flat()]
}
