import { HoldfastError } from '../contract/errors.ts'
import type { Attachment } from './attachment.ts'
import { newName } from './devices.ts'
import { needProgram, withoutUdev } from './system.ts'

/** cryptsetup(8), "return codes". */
const badPassphrase = 2

/**
 * Opens an encrypted volume read-only and gives the device with what is inside. Fails with files.wrongPassphrase, files.damaged,
 * and config.invalid when cryptsetup is not installed.
 */
export async function unlockLuks(
  attachment: Attachment,
  volume: { name: string; device: string },
  passphrase: string,
  signal?: AbortSignal,
): Promise<string> {
  const { system } = attachment
  await needProgram(system, 'cryptsetup', 'open an encrypted volume')
  const name = newName(attachment, 'luks')
  await attachment.step({ kind: 'mapping', name }, async () => {
    const args = ['open', '--type', 'luks', '--readonly', '--key-file', '-', '--batch-mode', volume.device, name]
    const { exitCode, stderr } = await system.run('cryptsetup', args, {
      failureCode: 'files.damaged',
      expectedExitCodes: [0, badPassphrase],
      // Without a line break, which would be a part of it.
      input: passphrase,
      env: withoutUdev,
      ...(signal && { signal }),
    })
    if (exitCode === 0) return
    throw new HoldfastError('files.wrongPassphrase', `The passphrase of ${volume.name} is wrong.`, {
      advice: 'Give the passphrase of the disk that was backed up, not that of the repository.',
      details: { volume: volume.name, said: stderr.trim().slice(0, 500) },
    })
  })
  return `/dev/mapper/${name}`
}
