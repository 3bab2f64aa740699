import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { type HoldfastResult, holdfast, placeIn } from '../../support/holdfast.ts'
import { missingProgram } from '../../support/programs.ts'
import { tryMount } from '../../support/realMount.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { newSshKey } from '../../support/sshKeys.ts'
import { freePort, SshServer } from '../../support/sshServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** What the command line says of places elsewhere with which something is wrong, and that nothing is left there. */

const folder = useTemporaryFolder()
const region = 'eu-west-1'
const keys = [
  ownerKey,
  { id: 'READER', secret: 'reader', mayWrite: false, mayDelete: false },
  { id: 'NOBODY', secret: 'nobody', mayRead: false, mayList: false, mayWrite: false, mayDelete: false },
]

let bucket: S3Server
let late: S3Server
let signedByItself: S3Server
let server: SshServer
let nobodyListens: number

beforeAll(async () => {
  bucket = await S3Server.start({ region, keys })
  late = await S3Server.start({ clock: () => Date.now() + 3_600_000 })
  signedByItself = await S3Server.start({ tls: true })
  server = await SshServer.start()
  nobodyListens = await freePort()
  await mkdir(join(server.folder, 'photos'))
  await writeFile(join(server.folder, 'photos/Beach.jpg'), 'a beach')
  const seed = await holdfast(['init', '--quiet', '--repo', bucket.url('seed')], { env: login(ownerKey) })
  expect(seed).toMatchObject({ code: 0 })
  const [object] = bucket.objects.values()
  for (const key of [...bucket.objects.keys()]) bucket.objects.delete(key)
  bucket.objects.set('photos/Beach.jpg', object!)
})
afterAll(async () => {
  for (const one of [bucket, late, signedByItself]) await one.close()
  await server.stop()
})

function login({ id, secret }: { id: string; secret: string }): Record<string, string> {
  return { HOLDFAST_PASSPHRASE: 'open sesame', HOLDFAST_S3_KEY_ID: id, HOLDFAST_S3_SECRET_KEY: secret }
}

interface Case {
  what: string
  command: 'init' | 'versions'
  repo: string
  env?: Record<string, string>
  args?: string[]
  code: number
  happened: RegExp
  toDo: RegExp
}

/** Nothing on standard output; on standard error one line that says what happened, and one that says what to do now. */
function expectWords(result: HoldfastResult, { code, happened, toDo }: Pick<Case, 'code' | 'happened' | 'toDo'>): void {
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' })
  const [first, second, ...more] = result.stderr.split('\n')
  expect(first).toMatch(/^holdfast: \S.*\.$/)
  expect(first).toMatch(happened)
  expect(second).toMatch(/^ {2}\S/)
  expect(second).toMatch(toDo)
  expect(more).toEqual([''])
}

async function expectAll(cases: Case[]): Promise<void> {
  const objects = [...bucket.objects.keys()]
  const files = await readdir(server.folder, { recursive: true })
  await mkdir(join(folder.path, 'home'), { recursive: true })
  const queue = cases.entries()
  const lane = async () => {
    for (const [n, one] of queue) {
      const state = join(folder.path, `state-${n}`)
      const env = { HOME: join(folder.path, 'home'), AWS_CA_BUNDLE: '', ...login(ownerKey), ...one.env }
      const args = [one.command, '--repo', one.repo, ...(one.args ?? [])]
      const result = await holdfast(args, { env: { ...env, HOLDFAST_STATE_DIR: state } })
      try {
        expectWords(result, one)
      } catch (error) {
        throw new Error(`${one.what}: ${result.code}\n${result.stdout}${result.stderr}`, { cause: error })
      }
    }
  }
  await Promise.all([lane(), lane()])
  // Nothing was left behind, there or on the way.
  expect([...bucket.objects.keys()]).toEqual(objects)
  expect([late.objects.size, signedByItself.objects.size, signedByItself.log.length]).toEqual([0, 0, 0])
  expect((await readdir(server.folder, { recursive: true })).sort()).toEqual(files.sort())
}

test('a bucket that cannot be used is said to be so, with what to do now', async () => {
  const nowhere = 's3:https://nowhere.invalid/lab/mine'
  const as = (id: string, secret: string) => login({ id, secret })
  const offline = /may be offline.*network.*the name/
  await expectAll([
    {
      ...{ what: 'wrong secret key', command: 'versions', repo: bucket.url('mine'), env: as(ownerKey.id, 'wrong') },
      ...{ code: 74, happened: /does not know this key id with this secret key/, toDo: /^ {2}Check both/ },
    },
    {
      ...{ what: 'wrong key id', command: 'init', repo: bucket.url('mine'), env: as('STRANGER', 'wrong') },
      ...{ code: 74, happened: /does not know this key id with this secret key/, toDo: /^ {2}Check both/ },
    },
    {
      ...{ what: 'no key', command: 'versions', repo: bucket.url('mine'), env: as('', '') },
      ...{ code: 74, happened: /no key for s3:/, toDo: /--credentials-file FILE/ },
    },
    {
      ...{ what: 'wrong region', command: 'init', repo: `${bucket.url('mine')}?region=us-east-2` },
      ...{
        code: 74,
        happened: /lab is not in the region us-east-2 but in the region eu-west-1/,
        toDo: /region=eu-west-1/,
      },
    },
    {
      ...{ what: 'no such bucket', command: 'init', repo: bucket.url('mine', 'none') },
      ...{ code: 66, happened: /There is no bucket none at 127\.0\.0\.1:/, toDo: /make the bucket/ },
    },
    {
      ...{ what: 'no rights', command: 'versions', repo: bucket.url('mine'), env: as('NOBODY', 'nobody') },
      ...{ code: 74, happened: /may not list the bucket/, toDo: /the right s3:ListBucket.* for the bucket lab/ },
    },
    {
      ...{ what: 'no right to write', command: 'init', repo: bucket.url('mine'), env: as('READER', 'reader') },
      ...{ code: 74, happened: /may not write /, toDo: /the right s3:PutObject.* for the bucket lab/ },
    },
    {
      ...{ what: 'something else is there', command: 'init', repo: bucket.url('photos') },
      ...{ code: 73, happened: /is not empty \(it holds Beach\.jpg\)/, toDo: /another bucket, or a prefix/ },
    },
    {
      ...{ what: 'no repository is there', command: 'versions', repo: bucket.url('photos') },
      ...{ code: 66, happened: /no Holdfast repository at s3:/, toDo: /holdfast init/ },
    },
    {
      ...{ what: 'the clock is off', command: 'init', repo: late.url('mine') },
      ...{ code: 78, happened: /clock of this computer shows 20.*Z, that of the server 20.*Z/, toDo: /Set the clock/ },
    },
    {
      ...{ what: 'the certificate is not valid', command: 'init', repo: signedByItself.url('mine') },
      ...{ code: 77, happened: /certificate of 127\.0\.0\.1:\d+ is not valid/, toDo: /Nothing was sent.*option ca/ },
    },
    {
      ...{ what: 'nothing can be locked', command: 'init', repo: `${bucket.url('mine')}?lock=30` },
      ...{ code: 78, happened: /bucket lab has no object lock/, toDo: /Turn object lock on/ },
    },
    {
      ...{ what: 'no such name', command: 'versions', repo: nowhere },
      ...{ code: 74, happened: /server nowhere\.invalid of s3:.* cannot be found by its name/, toDo: offline },
    },
    {
      ...{ what: 'nobody listens', command: 'versions', repo: `s3:http://127.0.0.1:${nobodyListens}/lab/mine` },
      ...{ code: 74, happened: /refuses connections/, toDo: /network, and whether the server is running/ },
    },
  ])
})

test('an SSH server that cannot be used is said to be so, with what to do now', async () => {
  const stranger = join(folder.path, 'stranger')
  await writeFile(stranger, newSshKey().private, { mode: 0o600 })
  const known = ['--accept-host-key', server.fingerprint]
  const as = (identity: string) => server.url().replace(/identity=.*/, `identity=${identity}`)
  const away = server.url('repository', nobodyListens)
  const nowhere = server.url().replace(/127\.0\.0\.1:\d+/, 'nowhere.invalid')
  await expectAll([
    {
      ...{ what: 'unknown server', command: 'init', repo: server.url() },
      ...{
        code: 77,
        happened: /is not known here/,
        toDo: new RegExp(`--accept-host-key ${server.fingerprint.replaceAll('+', '\\+')}`),
      },
    },
    {
      ...{ what: 'wrong key', command: 'versions', repo: as(stranger), args: known },
      ...{ code: 74, happened: new RegExp(`does not let ${server.user} in`), toDo: /authorized_keys on the server/ },
    },
    {
      ...{ what: 'something else is there', command: 'init', repo: server.url('photos'), args: known },
      ...{ code: 73, happened: /is not empty \(it holds Beach\.jpg\)/, toDo: /an empty or a new folder/ },
    },
    {
      ...{ what: 'no folder above', command: 'init', repo: server.url('none/below'), args: known },
      ...{ code: 66, happened: /none does not exist there/, toDo: /Make that folder/ },
    },
    {
      ...{ what: 'no such name', command: 'versions', repo: nowhere },
      ...{
        code: 74,
        happened: /server nowhere\.invalid:22 of sftp:.* cannot be found by its name/,
        toDo: /may be offline/,
      },
    },
    {
      ...{ what: 'nobody listens', command: 'init', repo: away },
      ...{ code: 74, happened: /refuses connections/, toDo: /network, and whether the server is running/ },
    },
  ])
})

const why = missingProgram('rclone')

test.skipIf(why)(`a remote of rclone is, too${why ? ` (skipped: ${why})` : ''}`, async () => {
  const remote = (name: string, endpoint: string, secret: string) =>
    `[${name}]\ntype = s3\nprovider = Other\nregion = ${region}\nendpoint = ${endpoint}\naccess_key_id = ${ownerKey.id}\nsecret_access_key = ${secret}\n`
  const config = join(folder.path, 'rclone.conf')
  const remotes = [
    '[disk]\ntype = local\n',
    remote('good', bucket.endpoint, ownerKey.secret),
    remote('wrong', bucket.endpoint, 'wrong'),
    remote('away', `http://127.0.0.1:${nobodyListens}`, ownerKey.secret),
    remote('nowhere', 'http://nowhere.invalid', ownerKey.secret),
  ]
  await writeFile(config, remotes.join(''))
  const env = { RCLONE_CONFIG: config }
  await expectAll([
    {
      ...{ what: 'no such remote', command: 'init', repo: 'rclone:none:mine', env },
      ...{ code: 66, happened: /didn't find section in config file/, toDo: /rclone listremotes/ },
    },
    {
      ...{ what: 'wrong key', command: 'init', repo: 'rclone:wrong:lab/mine', env },
      ...{
        code: 74,
        happened: /SignatureDoesNotMatch.* 403\.$/,
        toDo: /^ {2}Check the key or the login of the remote/,
      },
    },
    {
      ...{
        what: 'something else is there',
        command: 'init',
        repo: `rclone:disk:${join(server.folder, 'photos')}`,
        env,
      },
      ...{ code: 73, happened: /is not empty \(it holds Beach\.jpg\)/, toDo: /an empty or a new folder/ },
    },
    {
      ...{ what: 'no such bucket', command: 'versions', repo: 'rclone:good:none/mine', env },
      ...{ code: 66, happened: /no repository at rclone:good:none/, toDo: /Check the path/ },
    },
    {
      ...{ what: 'no such name', command: 'versions', repo: 'rclone:nowhere:lab/mine', env },
      ...{ code: 74, happened: /no such host/, toDo: /may be offline/ },
    },
    {
      ...{ what: 'nobody listens', command: 'init', repo: 'rclone:away:lab/mine', env },
      ...{ code: 74, happened: /connection refused/, toDo: /may be offline/ },
    },
  ])
})

test('a bucket at its limit ends a backup, keeps what there is, and takes the rest when there is room', async () => {
  const env = { ...placeIn(folder.path), ...login(ownerKey), HOLDFAST_REPO: bucket.url('small') }
  const disk = join(folder.path, 'disk.img')
  await writeFile(disk, Buffer.from(randomBytes(3_000_000)))
  const run = (...args: string[]) => holdfast(args, { env })
  const isFull = {
    code: 74,
    happened: /limit of the account or the bucket lab is reached/,
    toDo: /earlier versions are intact/,
  }
  bucket.options.quotaBytes = 1500
  try {
    expectWords(await run('init'), isFull)
    expect([...bucket.objects.keys()].filter(name => name.startsWith('small/'))).toEqual([])
    bucket.options.quotaBytes = 1_000_000
    expect(await run('init', '--quiet')).toMatchObject({ code: 0 })
    expectWords(await run('backup', disk, '--quiet'), isFull)
  } finally {
    delete bucket.options.quotaBytes
  }
  expect(JSON.parse((await run('versions', '--json')).stdout)).toMatchObject({ versions: [] })
  expect(await run('backup', disk, '--quiet')).toMatchObject({ code: 0 })
})

test('a full disk of an SSH server ends a backup, and a changed key of it stops everything', async ({ skip }) => {
  const mount = await tryMount('tmpfs', join(server.folder, 'small'))
  if (typeof mount === 'string') return skip(mount)
  const env: Record<string, string> = { ...placeIn(folder.path), HOLDFAST_REPO: server.url('small/repository') }
  const disk = join(folder.path, 'disk.img')
  await writeFile(disk, Buffer.from(randomBytes(12_000_000)))
  const run = (...args: string[]) => holdfast(args, { env })
  try {
    const before = server.fingerprint
    expect(await run('init', '--quiet', '--accept-host-key', before)).toMatchObject({ code: 0 })
    const isFull = { code: 74, happened: /no room left at sftp:/, toDo: /Make room there/ }
    expectWords(await run('backup', disk, '--quiet'), isFull)
    expect((await readdir(mount.path, { recursive: true })).filter(name => name.includes('.tmp~'))).toEqual([])
    expect(JSON.parse((await run('versions', '--json')).stdout)).toMatchObject({ versions: [] })

    await server.halt()
    await server.newHostKey()
    await server.run()
    const known = join(env.HOLDFAST_STATE_DIR!, 'known-hosts')
    const kept = await readFile(known, 'utf8')
    const changed = await run('backup', disk, '--accept-host-key', server.fingerprint)
    expectWords(changed, { code: 77, happened: /Nothing was sent\.$/, toDo: /posing as the server.*remove line 1 of/ })
    for (const fingerprint of [before, server.fingerprint]) expect(changed.stderr).toContain(fingerprint)
    expect(await readFile(known, 'utf8')).toBe(kept)
  } finally {
    await mount.detach()
  }
})
