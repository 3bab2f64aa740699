import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'
import { S3Client } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../contract/errors.ts'
import type { SigningKey } from './credentials.ts'

export interface Timeouts {
  /** Milliseconds until a connection must be there. */
  connectMs: number
  /** Milliseconds in which something must come or go on a connection. */
  idleMs: number
}

export const usualTimeouts: Timeouts = { connectMs: 15_000, idleMs: 60_000 }

/** More requests at one time wait for a connection. Well above what a backup and a restore do side by side. */
const mostConnections = 48

export interface ClientOptions {
  /** Origin of the server; undefined for AWS, whose address follows from the region. */
  endpoint: string | undefined
  region: string
  signingKey: SigningKey
  style: 'path' | 'virtual'
  /** Certificates in the form of PEM that are trusted beside the system's. */
  ca: string | undefined
  timeouts: Timeouts
}

/** What the SDK would like to say goes nowhere: errors tell everything, and standard error is not its own. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/**
 * One client, with its own connections, which are kept alive. It tries every request once: retrying.ts repeats. No checksums of
 * the SDK, which many servers refuse or pass over: the hash that is signed with every request protects what is sent.
 */
export function makeClient({ endpoint, region, signingKey, style, ca, timeouts }: ClientOptions): S3Client {
  const pool = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: mostConnections, noDelay: true }
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }
  return new S3Client({
    ...(endpoint !== undefined && { endpoint }),
    region,
    credentials: signingKey,
    forcePathStyle: style === 'path',
    maxAttempts: 1,
    followRegionRedirects: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it the SDK makes a new connection for every object that is put.
    expectContinueHeader: false,
    logger: silent,
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      socketTimeout: timeouts.idleMs,
      throwOnRequestTimeout: true,
      logger: silent,
      httpAgent: new HttpAgent(pool),
      httpsAgent: new HttpsAgent({ ...pool, ...trusted }),
    },
  })
}

/** The certificates of the option `ca`. config.invalid when they cannot be read. */
export async function readCertificates(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new HoldfastError('config.invalid', `The file ${path} with certificates cannot be read.`, {
      advice: 'Check its path, and that it may be read.',
      details: { path, errno: (cause as NodeJS.ErrnoException).code },
      cause,
    })
  })
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new HoldfastError('config.invalid', `There is no certificate in ${path}.`, {
    advice: 'Give a file in the form of PEM, which has lines “-----BEGIN CERTIFICATE-----”.',
    details: { path },
  })
}
