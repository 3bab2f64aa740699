import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RcloneStorage } from '../../../engine/storage/rclone.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { rcloneConfig } from '../../support/rcloneConfig.ts'

/** A folder, and one whose names and contents are encrypted once more. */
for (const remote of ['plain', 'crypt']) {
  describeStorage(`rclone storage, ${remote}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    const location = { scheme: 'rclone' as const, remote, path: 'repository' }
    const credentials = { kind: 'rclone' as const, config: rcloneConfig(folder) }
    return {
      storage: await RcloneStorage.open(location, { credentials, expect: 'nothing' }),
      openAgain: () => RcloneStorage.open(location, { credentials, expect: 'folder' }),
      cleanUp: () => rm(folder, { recursive: true }),
    }
  })
}
