import type { Command } from 'commander'
import type { KeyInfo } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { phraseText } from '../phraseText.ts'
import { printable, table } from '../textLayout.ts'
import { localMinute } from '../words.ts'
import { type SheetOptions, writeSheet } from './keySheet.ts'

interface AddOptions {
  newPassphraseFile?: string
  newKeyFile?: string
  label?: string
}

const notes = `
Any one of its keys opens a repository. Adding and removing keys never rewrites
what is stored. To change a passphrase, add the new one and remove the old one.`

const sheetNotes = `
The page has a recovery phrase on it only with --new-phrase: Holdfast keeps no
phrase that it has shown before. Earlier phrases stay until they are removed.
Whoever has such a page and the backup can read it: print the page, and then
remove the file. Only its owner can read it, and none is ever overwritten.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Add, list and remove the keys of the repository: passphrases, recovery phrases and key files.')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['key list', 'Show all keys, but not their secrets.'],
          ['key add --label laptop', 'Add a passphrase; asks for it twice.'],
          ['key recovery', 'Make a new recovery phrase.'],
          ['key sheet --new-phrase', 'Write a page to print, with a new phrase.'],
          ['key remove 4f2a9c01', 'Remove a key.'],
        ],
        notes,
      ),
    )
  command
    .command('add')
    .description('Add a passphrase or a key file.')
    .option('--new-passphrase-file <file>', 'the new passphrase; asked for unless given')
    .option('--new-key-file <file>', 'a file of at least 32 random bytes as new key')
    .option('-l, --label <text>', 'what the key is called in the list')
    .addHelpText('after', helpNotes([['key add --new-key-file /root/holdfast.key', 'Add a key file.']]))
    .action((options: AddOptions) => add(cli, options))
  command
    .command('list')
    .description('List the keys.')
    .addHelpText('after', helpNotes([['key list', 'Show all keys, but not their secrets.']]))
    .action(() => list(cli))
  command
    .command('remove')
    .description('Remove a key. The last one cannot be removed.')
    .argument('<id>', 'its id, as "key list" shows it')
    .addHelpText('after', helpNotes([['key remove 4f2a9c01', 'Remove a key.']]))
    .action((id: string) => remove(cli, id))
  command
    .command('recovery')
    .description('Make a new recovery phrase. Earlier ones stay until they are removed.')
    .addHelpText('after', helpNotes([['key recovery', 'Make a new recovery phrase and show it.']]))
    .action(() => recovery(cli))
  command
    .command('sheet')
    .description('Write the recovery sheet, a page to print: what and where it is, how to restore.')
    .option('-o, --output <file>', 'the page; holdfast-recovery-<id>.html unless given')
    .option('--new-phrase', 'make a new recovery phrase and put it on the page')
    .option('--qr', 'the new phrase also as a QR code')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['key sheet', 'Write it without any secret.'],
          ['key sheet --new-phrase -o /dev/shm/sheet.html', 'With a new phrase, on no disk.'],
        ],
        sheetNotes,
      ),
    )
    .action((options: SheetOptions) => writeSheet(cli, options))
}

async function add(cli: Cli, { label, ...files }: AddOptions): Promise<void> {
  const added = await cli.withSession(async session => session.addKey(await cli.furtherSecret(files), label))
  cli.output.done(added, () => `Added the ${kindWords[added.key.kind]} as key ${added.key.id}.\n`)
}

async function list(cli: Cli): Promise<void> {
  const keys = await cli.withSession(session => session.keys())
  cli.output.result({ keys }, () => {
    const rows = keys.map(({ id, kind, createdAt, label }) => [id, kindWords[kind], localMinute(createdAt), label])
    const columns = [
      { title: 'KEY' },
      { title: 'KIND' },
      { title: 'ADDED' },
      { title: 'LABEL', shrink: 'cut' },
    ] as const
    return table(columns, rows, cli.output.width)
  })
}

async function remove(cli: Cli, id: string): Promise<void> {
  await cli.withSession(session => session.removeKey(id))
  cli.output.done({ removed: id }, () => `Removed the key ${printable(id)}.\n`)
}

async function recovery(cli: Cli): Promise<void> {
  const added = await cli.withSession(session => session.addRecoveryPhrase())
  // Even with --quiet: the phrase is shown this once only.
  const phrase = added.recoveryPhrase ?? ''
  cli.output.result(added, () => `Added a recovery phrase as key ${added.key.id}.\n\n${phraseText(phrase)}`)
}

const kindWords: Record<KeyInfo['kind'], string> = {
  passphrase: 'passphrase',
  recovery: 'recovery phrase',
  keyfile: 'key file',
}
