import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type AnyAuthMethod, type BaseAgent, type ParsedKey } from 'ssh2'
import type { StorageCredentials } from '../../contract/credentials.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { agentWith, publicHalfOf } from './agentKey.ts'

/** Keys that ssh has by default, in the order in which it tries them; a server permits few attempts. */
const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa']

export interface LoginOptions {
  url: string
  user: string
  credentials?: StorageCredentials | undefined
  /** File with a private key. */
  identity?: string | undefined
  /** Socket of an SSH agent; default $SSH_AUTH_SOCK. */
  agent?: string | undefined
  /** Default the folder of whoever runs it. */
  home?: string | undefined
}

/**
 * The ways to log in, in order: what credentials were given; else the key file of the URL, by the agent if it needs a passphrase; else the
 * agent and the usual key files that need none. storage.authFailed when a key that was given cannot be used or there is nothing at all.
 */
export async function loginMethods(options: LoginOptions): Promise<AnyAuthMethod[]> {
  const { url, user: username, credentials, identity, home = homedir() } = options
  if (credentials !== undefined && credentials.kind !== 'ssh') {
    throw refused(
      url,
      `Credentials of the kind ${credentials.kind} do not open an SFTP server`,
      'Give those of kind ssh.',
    )
  }
  const { privateKey, passphrase, password } = credentials ?? {}
  const methods: AnyAuthMethod[] = []
  const agent = options.agent ?? process.env.SSH_AUTH_SOCK
  const addKey = (key: ParsedKey) => methods.push({ type: 'publickey', username, key })
  if (privateKey !== undefined) addKey(usable(url, 'The private key', privateKey, passphrase))
  else if (identity !== undefined && password === undefined) {
    const path = identity.replace(/^~(?=\/)/, home)
    const text = await keyFile(url, path)
    const held = agent && parse(text, passphrase) instanceof Error ? await heldBy(agent, text) : undefined
    if (held) methods.push({ type: 'agent', username, agent: held })
    else addKey(usable(url, `The key file ${path}`, text, passphrase))
  }
  if (password !== undefined) methods.push(...withPassword(username, password))
  if (methods.length > 0) return methods

  if (agent) methods.push({ type: 'agent', username, agent })
  for (const name of usualKeys) {
    const text = await readFile(join(home, '.ssh', name)).catch(() => undefined)
    const key = text && parse(text, passphrase)
    // One with a passphrase is the agent's business.
    if (key && !(key instanceof Error)) addKey(key)
  }
  if (methods.length > 0) return methods
  throw refused(
    url,
    'There is no key to log in with: no SSH agent, and no key without a passphrase in ~/.ssh',
    'Make one with ssh-keygen and put its public half on the server, or name a key with ?identity=FILE.',
  )
}

function withPassword(username: string, password: string): AnyAuthMethod[] {
  return [
    { type: 'password', username, password },
    {
      type: 'keyboard-interactive',
      username,
      // Servers that ask by PAM have one question, which is for the password.
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    },
  ]
}

async function heldBy(socket: string, key: Buffer): Promise<BaseAgent | undefined> {
  const publicKey = publicHalfOf(key)
  return publicKey && (await agentWith(socket, publicKey))
}

async function keyFile(url: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refused(url, `The key file ${path} cannot be read: ${code}`, 'Check the path and its permissions.', error)
  }
}

function usable(url: string, what: string, text: string | Buffer, passphrase: string | undefined): ParsedKey {
  const key = parse(text, passphrase)
  if (!(key instanceof Error)) return key
  const isLocked = /encrypted|passphrase/i.test(key.message)
  throw refused(
    url,
    `${what} cannot be used: ${isLocked ? 'it needs its passphrase, or that is wrong' : key.message}`,
    isLocked
      ? 'Load the key into the SSH agent (ssh-add), or give its passphrase with the key in the credentials.'
      : 'Give a private key as ssh-keygen makes it.',
  )
}

function parse(text: string | Buffer, passphrase: string | undefined): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(text, passphrase)
  if (parsed instanceof Error) return parsed
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  return key?.isPrivateKey() ? key : new Error('It is no private key.')
}

function refused(url: string, message: string, advice: string, cause?: unknown): HoldfastError {
  return new HoldfastError('storage.authFailed', `${message}.`, { advice, details: { url }, cause })
}
