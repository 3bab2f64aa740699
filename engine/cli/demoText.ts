import { formatBytes, formatDuration } from '../base/bytes.ts'
import type { BackupResult } from '../contract/models.ts'
import type { DemoStep } from '../demo/demo.ts'
import { counted, localMinute } from './words.ts'

/** A step of the demo in plain words: a numbered line with the time that it took, and what came out of it. Pure. */
export function demoText(step: DemoStep, number: number, durationMs: number): string {
  const [title, ...lines] = wordsOf(step)
  return `\n${number}. ${title} (${formatDuration(durationMs)})\n${lines.map(line => `   ${line}\n`).join('')}`
}

function wordsOf(step: DemoStep): [title: string, ...lines: string[]] {
  switch (step.kind) {
    case 'disk': {
      const { sizeBytes, systemFiles, systemBytes, pictureBytes, databaseBytes, logBytes, deletedBytes } = step.image
      return [
        `Made a disk of ${formatBytes(sizeBytes)} with an ext4 file system`,
        `${counted(systemFiles, 'file')} of this computer's /usr (${formatBytes(systemBytes)}), pictures (${formatBytes(pictureBytes)}),`,
        `a database (${formatBytes(databaseBytes)}) and logs (${formatBytes(logBytes)}). Files of ${formatBytes(deletedBytes)}`,
        'were deleted again, as on any disk that is in use.',
      ]
    }
    case 'repository':
      return ['Made an encrypted repository', 'It opens with a passphrase or with a recovery phrase of 24 words.']
    case 'firstBackup':
      return ['Backed the disk up', ...backupWords(step.backup)]
    case 'day': {
      const { editedFiles, appendedBytes, newFiles, newBytes, deletedFiles } = step.day
      return [
        'Did to the disk what a day of use does',
        `${counted(editedFiles, 'file')} edited, ${formatBytes(appendedBytes)} more in the logs,`,
        `${counted(newFiles, 'new file')} (${formatBytes(newBytes)}), ${counted(deletedFiles, 'file')} deleted.`,
      ]
    }
    case 'secondBackup':
      return ['Backed it up again', ...backupWords(step.backup)]
    case 'versions':
      return [
        'Listed the versions',
        ...step.versions.map(({ id, name, date, sizeBytes }) => {
          return `${id}  ${name}  ${localMinute(date)}  ${formatBytes(sizeBytes)}`
        }),
      ]
    case 'restore': {
      const how =
        step.which === 'second'
          ? 'Restored the second version'
          : 'Restored the first version as another computer would: with the recovery phrase'
      const wrote = `Wrote ${formatBytes(step.restore.writtenBytes)}, then compared it with the disk as it was then:`
      return [how, wrote, 'identical, byte for byte.']
    }
    case 'scrub': {
      const { checkedBlocks, checkedBytes } = step.scrub
      return [
        'Checked everything that is stored',
        `Read and decrypted ${counted(checkedBlocks, 'block')} (${formatBytes(checkedBytes)}): no damage.`,
        `Both versions together take ${formatBytes(step.repositoryBytes)}.`,
      ]
    }
  }
}

function backupWords({ readBytes, newBytes, storedBytes }: BackupResult): string[] {
  return [
    `Read ${formatBytes(readBytes)}; ${formatBytes(newBytes)} of it were new and are stored in ${formatBytes(storedBytes)},`,
    'compressed and encrypted.',
  ]
}
