import { join } from 'node:path'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { SecretFiles } from '../../../engine/secrets/secretFiles.ts'
import { SystemdCreds } from '../../../engine/secrets/systemdCreds.ts'
import { describeSecretStore } from '../../suites/secretStoreSuite.ts'
import { fakeSystemdCreds } from '../../support/fakeSystemdCreds.ts'
import { noSystemdCreds, realSystemdCreds } from '../../support/realSystemdCreds.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const secretFolder = () => join(folder.path, 'state', 'secrets')

describeSecretStore('secrets in memory', {
  make: async () => new MemorySecrets(),
  protection: 'memory',
  outlastsLock: false,
})

describeSecretStore('secrets in plain files', {
  make: async () => new SecretFiles(secretFolder(), { sealer: null }),
  protection: 'file-permissions',
  outlastsLock: true,
})

describeSecretStore('secrets in files encrypted by a stand-in for systemd-creds', {
  make: async () =>
    new SecretFiles(secretFolder(), { sealer: new SystemdCreds({ program: fakeSystemdCreds(folder.path).path }) }),
  protection: 'systemd-creds',
  outlastsLock: true,
})

describeSecretStore('secrets in files encrypted by the systemd-creds of this machine', {
  make: async () =>
    new SecretFiles(secretFolder(), { sealer: new SystemdCreds(realSystemdCreds(join(folder.path, 'host-key'))) }),
  protection: 'systemd-creds',
  outlastsLock: true,
  missing: noSystemdCreds,
})
