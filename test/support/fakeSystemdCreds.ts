import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * How the stand-in behaves:
 * - `talkative` fails and repeats on standard error what it was given
 * - `readable` does not encrypt, `nameless` opens under any name, `wrong` opens to something else
 */
export type FakeMode =
  | 'works'
  | 'fails'
  | 'talkative'
  | 'readable'
  | 'nameless'
  | 'wrong'
  | 'old'
  | 'hangs'
  | 'tpm'
  | 'tpm-broken'

export interface FakeSystemdCreds {
  path: string
  behave(mode: FakeMode): void
  /** As if the disk were in another computer. */
  changeKey(): void
  /** Arguments and environment of every call so far. */
  calls(): string[]
}

const script = `#!/bin/sh
mode=$(cat "$0.mode")
{ printf '%s ' "$@"; env | tr '\\n' ' '; echo; } >> "$0.calls"
say() { echo "$1" >&2; exit 1; }
for argument; do
  case $argument in --name=*) name=\${argument#--name=} ;; --with-key=*) with=\${argument#--with-key=} ;; esac
done
scramble() { tr 'A-Za-z0-9' 'N-ZA-Mn-za-m5-90-4'; }
unscramble() { tr 'N-ZA-Mn-za-m5-90-4' 'A-Za-z0-9'; }
case $1 in
  --version) if [ "$mode" = old ]; then echo 'systemd 249 (249.11)'; else echo 'systemd 252 (252.38-1)'; fi; exit 0 ;;
  has-tpm2) case $mode in tpm*) exit 0 ;; *) exit 11 ;; esac ;;
esac
case $mode in
  fails) cat > /dev/null; say 'Something odd.' ;;
  talkative) cat >&2; exit 1 ;;
  hangs) exec sleep 60 ;;
esac
case $1 in
  encrypt)
    if [ "$mode" = readable ]; then exec cat; fi
    if [ "$mode" = tpm-broken ] && [ "$with" = host+tpm2 ]; then say 'Failed to unseal secret using TPM2.'; fi
    echo "$name"; cat "$0.key"; base64 | scramble ;;
  decrypt)
    read -r bound; read -r key
    if [ "$mode" != nameless ] && [ "$bound" != "$name" ]; then
      say "Embedded credential name '$bound' does not match filename '$name', refusing."
    fi
    if [ "$key" != "$(cat "$0.key")" ]; then say 'Decryption failed (incorrect key?): error:00000000:lib(0)::reason(0)'; fi
    if [ "$mode" = wrong ]; then echo other; else unscramble | base64 -d; fi ;;
  *) exit 2 ;;
esac
`

/** A stand-in for systemd-creds in a folder: it understands the calls that are used, binds names, and has a key of its own. */
export function fakeSystemdCreds(folder: string, mode: FakeMode = 'works'): FakeSystemdCreds {
  const path = join(folder, 'systemd-creds')
  writeFileSync(path, script, { mode: 0o755 })
  writeFileSync(`${path}.calls`, '')
  writeFileSync(`${path}.key`, 'key 1\n')
  writeFileSync(`${path}.mode`, mode)
  return {
    path,
    behave: other => writeFileSync(`${path}.mode`, other),
    changeKey: () => writeFileSync(`${path}.key`, 'key 2\n'),
    calls: () =>
      readFileSync(`${path}.calls`, 'utf8')
        .split('\n')
        .filter(line => line !== ''),
  }
}
