import { systemClock } from '../../base/clock.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { type B2Location, bucketText, type S3Location } from '../bucketLocations.ts'
import type { OpenStorageOptions } from '../registry.ts'
import { S3Storage } from '../s3.ts'
import { findB2Endpoint } from './b2.ts'
import { Bucket } from './bucket.ts'
import { type ClientOptions, makeClient, readCertificates, type Timeouts, usualTimeouts } from './client.ts'
import { findSigningKey, type SigningKey } from './credentials.ts'
import type { PartOptions } from './parts.ts'
import { firstRegion, regionOfHost } from './region.ts'

export interface S3Options extends OpenStorageOptions {
  /** Instead of the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>
  timeouts?: Partial<Timeouts>
  parts?: Partial<PartOptions>
  /** Where B2 tells the endpoint of an account. */
  b2AuthorizeUrl?: string
}

/**
 * Opens a bucket: finds the key, at B2 the endpoint, at AWS the region, and asks for one object, which shows whether the key may
 * come in. storage.bucketNotFound, storage.authFailed and whatever keeps the server from being reached; repository.notFound
 * as OpenStorageOptions.expect says.
 */
export async function openS3(location: S3Location | B2Location, options: S3Options = {}): Promise<S3Storage> {
  const url = bucketText(location)
  const signingKey = await findSigningKey(location.scheme, url, options.credentials, options.env ?? process.env)
  const server = await findServer(location, url, signingKey, options.b2AuthorizeUrl)
  const connect: Omit<ClientOptions, 'region'> = {
    endpoint: server.endpoint,
    signingKey,
    style: location.style ?? (server.endpoint === undefined ? 'virtual' : 'path'),
    ca: await readCertificates(location.ca),
    timeouts: { ...usualTimeouts, ...options.timeouts },
  }
  const at = (region: string): Bucket =>
    new Bucket(makeClient({ ...connect, region }), {
      url,
      server: server.endpoint === undefined ? 'AWS' : new URL(server.endpoint).host,
      bucket: location.bucket,
      region,
      ...(location.class !== undefined && { storageClass: location.class }),
      clock: options.clock ?? systemClock,
    })
  const under = location.prefix === '' ? '' : `${location.prefix}/`
  const { bucket, isEmpty } = await inItsRegion(at, server.region, location.region === undefined, under)
  const storage = new S3Storage({
    bucket,
    prefix: location.prefix,
    honoursConditions: server.endpoint === undefined,
    ...(options.parts && { parts: options.parts }),
  })
  const { expect = 'repository' } = options
  try {
    const isMissing = expect === 'repository' ? !(await storage.stat(configName)) : expect === 'folder' && isEmpty
    if (!isMissing) return storage
    throw new HoldfastError('repository.notFound', `There is no repository at ${url}.`, {
      advice: 'Check the bucket and what comes after it, or make a repository there with "holdfast init".',
      details: { url },
    })
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function findServer(
  { scheme, endpoint, region }: S3Location | B2Location,
  url: string,
  signingKey: SigningKey,
  b2AuthorizeUrl: string | undefined,
): Promise<{ endpoint: string | undefined; region: string }> {
  if (scheme === 's3' || endpoint !== undefined) {
    return { endpoint, region: region ?? (endpoint === undefined ? undefined : regionOfHost(endpoint)) ?? firstRegion }
  }
  const key = typeof signingKey === 'function' ? await signingKey() : signingKey
  const found = await findB2Endpoint(url, key, b2AuthorizeUrl)
  return { ...found, ...(region !== undefined && { region }) }
}

/** The bucket by way of its own region, which the server names when it is asked in another; and whether it is empty there. */
async function inItsRegion(
  at: (region: string) => Bucket,
  region: string,
  mayChange: boolean,
  prefix: string,
): Promise<{ bucket: Bucket; isEmpty: boolean }> {
  const bucket = at(region)
  try {
    const { Contents = [] } = await bucket.page('open', { prefix, most: 1 })
    return { bucket, isEmpty: Contents.length === 0 }
  } catch (error) {
    bucket.close()
    const right = error instanceof HoldfastError ? error.details.bucketRegion : undefined
    if (!mayChange || typeof right !== 'string' || right === region) throw error
    return await inItsRegion(at, right, false, prefix)
  }
}

/** The object that makes a place a repository. */
const configName = 'config'
