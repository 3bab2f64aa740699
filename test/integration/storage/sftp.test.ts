import { afterAll, beforeAll, describe } from 'vitest'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import type { SftpLocation } from '../../../engine/storage/machineLocations.ts'
import { SftpStorage } from '../../../engine/storage/sftp.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { SshServer, type SshServerOptions } from '../../support/sshServer.ts'

/** OpenSSH as it is; shut into a folder; and as servers are that have few or none of its extensions. */
const servers: [string, SshServerOptions][] = [
  ['SFTP storage', {}],
  ['SFTP storage in a jail', { chroot: true }],
  ['SFTP storage without hard links and flushes', { sftp: '-P hardlink,fsync,limits' }],
  ['SFTP storage of version 3 alone', { sftp: '-P hardlink,fsync,limits,posix-rename,statvfs,fstatvfs,lsetstat' }],
]

for (const [name, options] of servers) {
  describe(name, () => {
    let server: SshServer
    let count = 0
    beforeAll(async () => {
      server = await SshServer.start(options)
    })
    afterAll(() => server.stop())

    describeStorage(name, async () => {
      const location = parseRepositoryUrl(server.url(`place${count++}`)) as SftpLocation
      const access = { acceptHostKey: server.fingerprint, knownHostsFiles: [] }
      return {
        storage: await SftpStorage.open(location, { ...access, expect: 'nothing' }),
        tellsSent: true,
        openAgain: () => SftpStorage.open(location, { ...access, expect: 'folder' }),
      }
    })
  })
}
