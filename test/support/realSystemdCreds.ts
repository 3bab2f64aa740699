import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = '/usr/bin/systemd-creds'

/** Why the systemd-creds of this machine cannot be tried, or undefined when it can. Its host key stays in a folder of the test. */
export const noSystemdCreds: string | undefined = (() => {
  if (process.geteuid?.() !== 0) return 'systemd-creds has a host key for root only'
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-creds-'))
  try {
    const env = { PATH: process.env.PATH, SYSTEMD_CREDENTIAL_SECRET: join(folder, 'host-key') }
    const tried = spawnSync(program, ['encrypt', '--with-key=host', '--name=x', '-', '-'], { input: 'x', env })
    if (tried.error) return `${program} is not there`
    return tried.status === 0 ? undefined : `${program} cannot encrypt here: ${tried.stderr}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})()

export const realSystemdCreds = (hostKey: string) => ({ program, env: { SYSTEMD_CREDENTIAL_SECRET: hostKey } })
