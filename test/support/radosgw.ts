import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { missingProgram } from './programs.ts'
import { testBucket } from './s3Server.ts'

const script = fileURLToPath(new URL('./ceph.sh', import.meta.url))

/** Why there can be no radosgw here; undefined when there can. */
export const missingRadosgw = (): string | undefined =>
  ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-authtool'].map(missingProgram).find(why => why !== undefined)

/** A real S3 server on loopback, radosgw of Ceph, with all data in memory and one bucket, `testBucket`. */
export class Radosgw {
  readonly endpoint: string
  readonly tlsEndpoint: string
  /** File with the certificate of `tlsEndpoint`. */
  readonly caPath: string
  readonly credentials: { kind: 's3'; keyId: string; secretKey: string }
  readonly #env: NodeJS.ProcessEnv
  readonly #folder: string

  private constructor(facts: ReadonlyMap<string, string>, env: NodeJS.ProcessEnv, folder: string) {
    this.endpoint = facts.get('S3_ENDPOINT')!
    this.tlsEndpoint = facts.get('S3_TLS_ENDPOINT')!
    this.caPath = facts.get('S3_TLS_CA')!
    this.credentials = { kind: 's3', keyId: facts.get('S3_KEY_ID')!, secretKey: facts.get('S3_SECRET_KEY')! }
    this.#env = env
    this.#folder = folder
  }

  static async start(): Promise<Radosgw> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-ceph-'))
    const [mon, plain, tls, osd] = await freePorts(4)
    const env = {
      ...process.env,
      LAB: join(folder, 'lab'),
      MON_PORT: String(mon),
      RGW_PORT: String(plain),
      RGW_TLS_PORT: String(tls),
      // The daemon of the disk takes several, one after the other.
      OSD_PORTS: `${osd}-${Math.min(osd! + 99, 65_535)}`,
    }
    const { stdout } = await promisify(execFile)('bash', [script, 'up'], { env, timeout: 120_000 })
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => line.split('=', 2) as [string, string])
    const radosgw = new Radosgw(new Map(lines), env, folder)
    const client = radosgw.client()
    await client.send(new CreateBucketCommand({ Bucket: testBucket }))
    client.destroy()
    return radosgw
  }

  client(): S3Client {
    return clientOf(this.endpoint, this.credentials)
  }

  /** The place of a repository here, as a URL. */
  url(prefix: string): string {
    return `s3:${this.endpoint}/${testBucket}/${prefix}`
  }

  async close(): Promise<void> {
    await promisify(execFile)('bash', [script, 'down'], { env: this.#env })
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A plain client of the SDK, for asking servers without the driver. */
export function clientOf(endpoint: string, { keyId, secretKey }: { keyId: string; secretKey: string }): S3Client {
  return new S3Client({
    endpoint,
    region: 'default',
    forcePathStyle: true,
    maxAttempts: 1,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: keyId, secretAccessKey: secretKey },
  })
}

/** Ports on loopback that nothing listens on, below those that the system gives to outgoing connections, where it can be told. */
async function freePorts(count: number): Promise<number[]> {
  const [lowest = 32_768] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => ''))
    .split(/\s+/)
    .map(Number)
    .filter(port => port > 0)
  const found: number[] = []
  while (found.length < count) {
    const port = lowest - 2000 - Math.floor(Math.random() * 20_000)
    if (port > 1024 && !found.includes(port) && (await isFree(port))) found.push(port)
  }
  return found
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address() as AddressInfo
      server.close(() => resolve(taken === port))
    })
  })
}
