/** Where AWS answers for buckets of all regions, with the right one. */
export const firstRegion = 'us-east-1'

/**
 * The region that a server's name tells: https://s3.us-west-004.backblazeb2.com, https://s3.eu-central-2.wasabisys.com,
 * https://ACCOUNT.r2.cloudflarestorage.com. Undefined when it tells none.
 */
export function regionOfHost(endpoint: string): string | undefined {
  const host = new URL(endpoint).hostname
  if (host.endsWith('.r2.cloudflarestorage.com')) return 'auto'
  return /^s3[.-]([a-z]{2}[a-z0-9-]*-[a-z0-9-]*\d)\./.exec(host)?.[1]
}
