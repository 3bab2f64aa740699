import ssh2, { type ConnectConfig, type FileEntryWithStats, type SFTPWrapper, type Stats } from 'ssh2'

/** Of SFTP version 3: what every server takes in one request (draft-ietf-secsh-filexfer-02, section 3: 34000 bytes a packet). */
const usualPieceBytes = 32 * 1024
/** Larger requests gain nothing, and fewer of them would be under way. */
const longestPieceBytes = 128 * 1024

/** What is asked of a server beyond SFTP version 3, as OpenSSH's PROTOCOL file names it. */
export type Extension = 'posix-rename' | 'hardlink' | 'fsync' | 'statvfs'

/** Fields of ssh2 that it keeps for itself; its version is pinned. */
interface Inside {
  _extensions: Record<string, string>
  _maxReadLen: number
  _maxWriteLen: number
}

type Done<T> = (error?: Error | null, value?: T) => void

/** The connection ended, or was never there; the cause says why. Requests that were under way may have been carried out. */
export class ConnectionLost extends Error {}

/**
 * One login with SFTP begun on it. Requests are sent at once, without waiting for those before, and a server carries out those of
 * one file in their order. Errors of the server are ssh2's, with the number of the status in `code`; when the connection
 * breaks, everything under way and everything later ends with ConnectionLost.
 */
export class SftpSession {
  /** How many bytes one request may carry. */
  readonly readBytes: number
  readonly writeBytes: number
  readonly #client: ssh2.Client
  readonly #sftp: SFTPWrapper
  readonly #waiting = new Set<(error: Error) => void>()
  #broken: Error | undefined

  constructor(client: ssh2.Client, sftp: SFTPWrapper) {
    this.#client = client
    this.#sftp = sftp
    const { _maxReadLen, _maxWriteLen } = sftp as unknown as Inside
    const tellsLimits = (sftp as { maxOpenHandles?: number }).maxOpenHandles !== undefined
    const piece = (limit: number) => (tellsLimits ? Math.min(limit, longestPieceBytes) : usualPieceBytes)
    this.readBytes = piece(_maxReadLen)
    this.writeBytes = piece(_maxWriteLen)
    let reason: Error | undefined
    const lose = (error?: Error) => {
      reason ??= error
      this.#break(reason)
    }
    client.on('error', lose)
    client.on('close', () => lose())
    client.on('end', () => lose())
    sftp.on('error', lose)
    sftp.on('close', () => lose())
    sftp.on('end', () => lose())
  }

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  has(extension: Extension): boolean {
    return `${extension}@openssh.com` in (this.#sftp as unknown as Inside)._extensions
  }

  open(path: string, flags: 'r' | 'wx', mode?: number): Promise<Buffer> {
    return this.#ask(done => this.#sftp.open(path, flags, mode === undefined ? {} : { mode }, done))
  }

  close(handle: Buffer): Promise<void> {
    return this.#ask(done => this.#sftp.close(handle, done))
  }

  /** Reads up to `length` bytes, at most readBytes; 0 at the end of the file. */
  read(handle: Buffer, into: Buffer, at: number, length: number, position: number): Promise<number> {
    return this.#ask(done => this.#sftp.read(handle, into, at, length, position, (error, count) => done(error, count)))
  }

  /** Writes at most writeBytes. */
  write(handle: Buffer, bytes: Buffer, position: number): Promise<void> {
    return this.#ask(done => this.#sftp.write(handle, bytes, 0, bytes.length, position, error => done(error)))
  }

  fsync(handle: Buffer): Promise<void> {
    return this.#ask(done => this.#sftp.ext_openssh_fsync(handle, error => done(error)))
  }

  fstat(handle: Buffer): Promise<Stats> {
    return this.#ask(done => this.#sftp.fstat(handle, done))
  }

  /** Follows symbolic links. */
  stat(path: string): Promise<Stats> {
    return this.#ask(done => this.#sftp.stat(path, done))
  }

  lstat(path: string): Promise<Stats> {
    return this.#ask(done => this.#sftp.lstat(path, done))
  }

  /** Everything in a folder but . and .., symbolic links not followed. */
  readdir(path: string): Promise<FileEntryWithStats[]> {
    return this.#ask(done => this.#sftp.readdir(path, done))
  }

  mkdir(path: string, mode: number): Promise<void> {
    return this.#ask(done => this.#sftp.mkdir(path, { mode }, done))
  }

  unlink(path: string): Promise<void> {
    return this.#ask(done => this.#sftp.unlink(path, done))
  }

  /** That of SFTP version 3, which most servers refuse when the new name is taken. */
  rename(from: string, to: string): Promise<void> {
    return this.#ask(done => this.#sftp.rename(from, to, done))
  }

  /** Replaces whatever had the new name, in one step. */
  posixRename(from: string, to: string): Promise<void> {
    return this.#ask(done => this.#sftp.ext_openssh_rename(from, to, done))
  }

  /** Fails when the new name is taken. */
  hardlink(existing: string, added: string): Promise<void> {
    return this.#ask(done => this.#sftp.ext_openssh_hardlink(existing, added, done))
  }

  /** Room of the file system at `path`, or undefined when the server does not tell. */
  async space(path: string): Promise<{ freeBytes: number; freeFiles: number } | undefined> {
    if (!this.has('statvfs')) return undefined
    const found = await this.#ask<
      Record<'f_bavail' | 'f_frsize' | 'f_blocks' | 'f_favail' | 'f_files', number | bigint>
    >(done => this.#sftp.ext_openssh_statvfs(path, done))
    if (Number(found.f_blocks) === 0) return undefined
    return {
      freeBytes: Number(found.f_bavail) * Number(found.f_frsize),
      // File systems that make room for names as they need it say 0 of 0.
      freeFiles: Number(found.f_files) === 0 ? Number.POSITIVE_INFINITY : Number(found.f_favail),
    }
  }

  /** Ends the connection in order; resolves when it is closed, or after a second. */
  async end(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      this.#client.once('close', () => resolve())
      setTimeout(resolve, 1000).unref()
    })
    if (!this.isBroken) this.#client.end()
    else this.#client.destroy()
    this.#break(new Error('It was closed.'))
    await closed
    this.#client.destroy()
  }

  #ask<T>(begin: (done: Done<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken) return reject(this.#broken)
      const fail = (error: Error) => {
        this.#waiting.delete(fail)
        reject(error)
      }
      this.#waiting.add(fail)
      begin((error, value) => {
        // ssh2 says so of everything that is under way when a connection ends, and of nothing that comes later.
        if (error && statusOf(error) === undefined)
          return fail(this.#broken ?? new ConnectionLost(error.message, { cause: error }))
        if (error) return fail(error)
        this.#waiting.delete(fail)
        resolve(value as T)
      })
    })
  }

  #break(reason: Error | undefined): void {
    if (this.#broken) return
    this.#broken = new ConnectionLost(reason?.message ?? 'The connection ended.', { cause: reason })
    for (const fail of [...this.#waiting]) fail(this.#broken)
    // What is left of it is of no use, and would keep the process alive.
    if (reason?.message !== 'It was closed.') this.#client.destroy()
  }
}

/** Number of the status that a server answered with (section 7 of the draft, and later ones); undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return error instanceof Error && typeof code === 'number' ? code : undefined
}

/**
 * Logs in and begins SFTP. Rejects with ssh2's error when that fails or takes longer than `timeoutMs`.
 */
export function connectSession(config: ConnectConfig, timeoutMs: number): Promise<SftpSession> {
  const client = new ssh2.Client()
  return new Promise<SftpSession>((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
      client.destroy()
    }
    const timer = setTimeout(() => fail(new Error(`No answer within ${timeoutMs / 1000} s.`)), timeoutMs)
    client.on('error', error => {
      // An agent that does not answer is one way in of several.
      if (error.level !== 'agent') fail(error)
    })
    client.on('close', () => fail(new Error('The server closed the connection.')))
    client.on('ready', () => {
      client.sftp((error, sftp) => {
        if (error) return fail(Object.assign(error, { level: 'subsystem' }))
        clearTimeout(timer)
        resolve(new SftpSession(client, sftp))
      })
    })
    try {
      client.connect({ ...config, readyTimeout: timeoutMs })
      client.setNoDelay(true)
    } catch (error) {
      fail(error as Error)
    }
  })
}
