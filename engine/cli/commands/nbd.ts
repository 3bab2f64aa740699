import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import type { SecureContext } from 'node:tls'
import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { createLogger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { ExportList } from '../../nbd/export.ts'
import type { Listener } from '../../nbd/listen.ts'
import type { NbdServer } from '../../nbd/server.ts'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { parseAddress, parseSize } from '../values.ts'
import { checkWritable, serveWritable, type WritableOptions } from './nbdWritable.ts'

interface Options extends WritableOptions {
  socket?: string
  listen?: string
  allowRemote?: boolean
  tlsCert?: string
  tlsKey?: string
  tlsRequired?: boolean
  cache?: string
}

const notes = `
${versionNote.trim()}

A version is offered as a disk to qemu, nbd-client, nbdcopy and other programs
that speak NBD, until the command is told to end (Ctrl-C); what is being read
then is still read. Nobody can write without --read-write, and then it goes to
an overlay: the version itself never changes. With a version, that one is the
default export; without one, all versions are offered under these names. A part
that is damaged in the repository gives an error for that part only.

The socket is for your own user alone. A port is for everybody on this computer,
since NBD knows no passwords; docs/nbd.md has more on TLS, and the commands of
other programs.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Serve a version, or all of them, as disks to programs that speak NBD.')
    .argument('[version]', 'the version; all of them unless given')
    .option('--socket <path>', 'Unix socket to listen at; nbd.sock in the state folder unless given')
    .option('--listen <host:port>', 'TCP port of this computer instead, such as 127.0.0.1:10809')
    .option('--allow-remote', 'the port may be reached by other computers')
    .option('--tls-cert <file>', 'certificate (PEM) for clients that want TLS')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-required', 'turn clients without TLS away')
    .option('--cache <size>', 'memory for what was read, such as 1G; at least 4M (256M)')
    .option('--read-write', 'let the version be written to; it does not change, an overlay keeps what is written')
    .option('--overlay <id>', 'go on with what was written before; see "holdfast overlays list"')
    .option('--commit', 'at the end, keep what was written as a new version')
    .option('--discard', 'at the end, discard what was written')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['nbd root:latest', 'Serve the newest version named root, and print its address.'],
          ['nbd root:latest --read-write --commit', 'Repair it, and keep the result.'],
          ['nbd --socket /run/user/1000/versions', 'Serve all versions at a socket of your choice.'],
          ['nbd 4f2a --listen 127.0.0.1:10809 --json', 'At a port, and the address for programs, as {"uri": …}.'],
          [
            'nbd --listen 10.0.0.5:10809 --allow-remote --tls-cert c.pem --tls-key k.pem --tls-required',
            'To other computers, encrypted.',
          ],
        ],
        notes,
      ),
    )
    .action((version: string | undefined, options: Options) => run(cli, version, options))
}

async function run(cli: Cli, version: string | undefined, options: Options): Promise<void> {
  checkWritable(options, version)
  const place = placeOf(cli, options)
  const context = await tlsContext(options)
  const isRequired = options.tlsRequired ?? false
  const cache = options.cache === undefined ? {} : { cacheBytes: cacheBytesOf(options.cache) }
  const { NbdServer } = await import('../../nbd/server.ts')
  await cli.withSession(async session => {
    const serve = async (exports: ExportList) => {
      const { signal } = cli.callOptions()
      const server = new NbdServer({
        exports,
        ...(context ? { tls: { context, isRequired } } : {}),
        log: createLogger({ level: 'warn', write: line => cli.world.stderr.write(line) }),
      })
      const listener = await place(server)
      try {
        const uri = listener.uri(isRequired)
        cli.output.result({ uri }, () => `${uri}\n`)
        if (options.allowRemote && !isRequired) {
          cli.output.warn(
            'Whoever reaches this port can read what is offered, and listen in. --tls-required prevents the latter.',
          )
        }
        await aborted(signal)
      } finally {
        await listener.close()
        await server.stop()
      }
    }
    if (options.readWrite) await serveWritable(cli, session, version, options, serve)
    else await serve(await session.exports(version))
  }, cache)
}

/** More than there is memory would end by the kernel ending the server. */
function cacheBytesOf(text: string): number {
  const bytes = parseSize(text, '--cache')
  if (bytes <= totalmem()) return bytes
  throw new HoldfastError('usage.invalid', `“${text}” is more memory than this computer has.`, {
    advice: `Give less than ${formatBytes(totalmem())} to --cache.`,
    details: { text, totalBytes: totalmem() },
  })
}

/** Where to listen. All that is wrong with the options is said before the repository is opened. */
function placeOf(cli: Cli, { socket, listen, allowRemote }: Options): (server: NbdServer) => Promise<Listener> {
  if (socket !== undefined && listen !== undefined) {
    throw new HoldfastError('usage.invalid', 'Both --socket and --listen are given.', { advice: 'Give one of them.' })
  }
  if (listen === undefined) {
    if (allowRemote) {
      throw new HoldfastError('usage.invalid', '--allow-remote has a meaning only together with --listen.', {
        advice: 'Add --listen HOST:PORT, or leave it out.',
      })
    }
    const path = socket === undefined ? join(cli.stateDir, 'nbd.sock') : resolve(socket)
    return async server => (await import('../../nbd/listen.ts')).listenUnix(server, path)
  }
  const address = parseAddress(listen, '--listen')
  const mayBeRemote = allowRemote ?? false
  return async server => (await import('../../nbd/listen.ts')).listenTcp(server, { ...address, mayBeRemote })
}

async function tlsContext({ tlsCert, tlsKey, tlsRequired }: Options): Promise<SecureContext | undefined> {
  if (tlsCert === undefined && tlsKey === undefined && !tlsRequired) return undefined
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new HoldfastError('usage.invalid', 'TLS needs a certificate and its key.', {
      advice: 'Give both --tls-cert FILE and --tls-key FILE.',
    })
  }
  const [cert, key] = await Promise.all([fileOf(tlsCert), fileOf(tlsKey)])
  const { createSecureContext } = await import('node:tls')
  try {
    return createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
  } catch (error) {
    throw new HoldfastError('config.invalid', `${tlsCert} and ${tlsKey} are no certificate with its key.`, {
      advice: 'Give PEM files that belong together; the key must not be encrypted.',
      details: { certificate: tlsCert, file: tlsKey },
      cause: error,
    })
  }
}

async function fileOf(path: string): Promise<Buffer> {
  return await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new HoldfastError('config.invalid', `${path} cannot be read (${error.code}).`, {
      advice: 'Give a PEM file that you may read.',
      details: { path },
    })
  })
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
