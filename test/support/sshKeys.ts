import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new key pair as OpenSSH makes it. (Of those that ssh2 makes, one in two hundred cannot be read, not even by ssh2.) */
export function newSshKey(passphrase = ''): { private: string; public: string } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sshkey-'))
  try {
    const file = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'test', '-f', file])
    return { private: readFileSync(file, 'utf8'), public: readFileSync(`${file}.pub`, 'utf8').trim() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
