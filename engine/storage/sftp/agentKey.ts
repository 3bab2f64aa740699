import ssh2, { type BaseAgent, type IdentityCallback, type ParsedKey } from 'ssh2'

/** An agent tells its keys at once. */
const longestAnswerMs = 5000

/**
 * The public half of a private key that needs a passphrase; undefined for formats that do not tell it. OpenSSH writes it in the clear before
 * what is encrypted (PROTOCOL.key of OpenSSH: a magic word, cipher, key derivation and its options, number of keys, public key).
 */
export function publicHalfOf(text: Buffer): Buffer | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text.toString('latin1')) ?? []
  const bytes = Buffer.from(body ?? '', 'base64')
  const magic = 'openssh-key-v1\0'
  if (bytes.toString('latin1', 0, magic.length) !== magic) return undefined
  let at = magic.length
  const next = () => {
    if (at + 4 > bytes.length) return Buffer.alloc(0)
    const length = bytes.readUInt32BE(at)
    at += 4 + length
    return bytes.subarray(at - length, at)
  }
  for (const _ of ['cipher', 'key derivation', 'its options']) next()
  at += 4
  const key = next()
  return key.length === 0 ? undefined : key
}

/** The agent at a socket as one that has this key only; undefined when it has not, or does not answer. */
export async function agentWith(socket: string, publicKey: Buffer): Promise<BaseAgent | undefined> {
  const agent = new OneKeyAgent(socket, publicKey)
  let timer: NodeJS.Timeout | undefined
  const isHeld = await new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, longestAnswerMs, false)
    agent.getIdentities((error, keys = []) => resolve(!error && keys.length > 0))
  })
  clearTimeout(timer)
  return isHeld ? agent : undefined
}

/** Other keys of an agent may let somebody in as well, who may do other things then. */
class OneKeyAgent extends ssh2.OpenSSHAgent {
  readonly #publicKey: Buffer

  constructor(socket: string, publicKey: Buffer) {
    super(socket)
    this.#publicKey = publicKey
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) => {
      // This agent gives none of the other forms that the type has.
      const parsed = keys as ParsedKey[] | undefined
      done(
        error,
        parsed?.filter(key => this.#publicKey.equals(key.getPublicSSH())),
      )
    })
  }
}
