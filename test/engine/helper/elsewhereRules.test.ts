import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StorageCredentials } from '../../../engine/contract/credentials.ts'
import { checkElsewhere } from '../../../engine/helper/elsewhereRules.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const s3: StorageCredentials = { kind: 's3', keyId: 'id', secretKey: 'very secret' }
const ssh: StorageCredentials = { kind: 'ssh', password: 'very secret' }
const rclone = (config: string): StorageCredentials => ({ kind: 'rclone', config })
const refused = { code: 'usage.invalid' }

describe('a place elsewhere that is named to the helper', () => {
  it('is given in its one form', async () => {
    expect(await checkElsewhere('b2:bucket//prefix/', s3, 'system')).toBe('b2:bucket/prefix')
    expect(await checkElsewhere('sftp:anna@HOST:backup', ssh, 'system')).toBe('sftp:anna@host:backup')
  })

  it('is no folder, and comes with credentials of its own kind', async () => {
    await expect(checkElsewhere('/backup', s3, 'user')).rejects.toMatchObject(refused)
    await expect(checkElsewhere('b2:bucket', ssh, 'user')).rejects.toMatchObject(refused)
    await expect(checkElsewhere('b2:bucket', undefined, 'user')).rejects.toMatchObject(refused)
  })

  it('cannot use what is the system’s: its agent, its keys, its configuration of rclone', async () => {
    expect(await checkElsewhere('sftp://host/backup', undefined, 'user')).toBe('sftp://host/backup')
    expect(await checkElsewhere('rclone:cloud:backup', undefined, 'user')).toBe('rclone:cloud:backup')
    await expect(checkElsewhere('sftp://host/backup', undefined, 'system')).rejects.toMatchObject(refused)
    await expect(checkElsewhere('sftp://host/b', { kind: 'ssh', passphrase: 'x' }, 'system')).rejects.toMatchObject(
      refused,
    )
    await expect(checkElsewhere('rclone:cloud:backup', undefined, 'system')).rejects.toMatchObject(refused)
    const withFile = 'sftp://host/backup?identity=/root/.ssh/id_ed25519'
    await expect(checkElsewhere(withFile, ssh, 'system')).rejects.toMatchObject(refused)
  })

  it('names certificates that everybody may read, and no other file', async () => {
    const path = join(folder.path, 'ca.pem')
    await writeFile(path, 'PEM')
    await chmod(path, 0o644)
    expect(await checkElsewhere(`b2:bucket?ca=${path}`, s3, 'system')).toBe(`b2:bucket?ca=${path}`)
    await chmod(path, 0o600)
    await expect(checkElsewhere(`b2:bucket?ca=${path}`, s3, 'system')).rejects.toMatchObject(refused)
    await expect(checkElsewhere('b2:bucket?ca=ca.pem', s3, 'system')).rejects.toMatchObject(refused)
    await expect(checkElsewhere('b2:bucket?ca=/dev/zero', s3, 'system')).rejects.toMatchObject(refused)
  })

  it('lets rclone reach the network alone when it runs as root', async () => {
    const good = '[cloud]\ntype = webdav\nurl = https://dav.example\nuser = anna\npass = abc\n'
    expect(await checkElsewhere('rclone:cloud:backup', rclone(good), 'system')).toBe('rclone:cloud:backup')
    const crypt = `${good}\n[safe]\ntype = crypt\nremote = cloud:encrypted\npassword = abc\n`
    expect(await checkElsewhere('rclone:safe:', rclone(crypt), 'system')).toBe('rclone:safe:')
    for (const bad of [
      '[cloud]\ntype = local\n',
      '[cloud]\ntype=alias\nremote = /etc\n',
      '[cloud]\ntype = crypt\nremote = /etc\n',
      '[cloud]\ntype = crypt\nremote = :local:/etc\n',
      '[cloud]\ntype = sftp\nssh = sh -c id\n',
      '[cloud]\ntype = sftp\nkey_file = /root/.ssh/id_rsa\n',
      '[cloud]\ntype = webdav\nbearer_token_command = id\n',
      '[cloud]\ntype = s3\nenv_auth = true\n',
    ]) {
      await expect(checkElsewhere('rclone:cloud:backup', rclone(bad), 'system'), bad).rejects.toMatchObject(refused)
    }
    const option = 'rclone:cloud,ssh=id:backup'
    await expect(checkElsewhere(option, rclone(good), 'system')).rejects.toMatchObject(refused)
  })

  it('never says what the credentials are', async () => {
    const bad = rclone('[cloud]\ntype = local\npass = very secret\n')
    const error = await checkElsewhere('rclone:cloud:x', bad, 'system').catch(error => JSON.stringify(error.toWire()))
    expect(error).not.toContain('very secret')
  })
})
