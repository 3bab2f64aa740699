import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { AttachmentView } from '../../contract/files.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { RpcClient } from '../../contract/rpcContract.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { withHelper } from '../helperClient.ts'
import { printable, table } from '../textLayout.ts'

interface Options {
  detach?: string
}

const notes = `
The helper keeps versions attached whose files are looked at, for ten minutes
after they were last asked for; and writable copies until they are detached.
What was written to a copy is kept then. What a program uses, or files are being
copied out of, stays, and the exit code is 75.`

export function define(command: Command, cli: Cli): void {
  command
    .description('List what of backups is attached to this computer, or take it away.')
    .option('--detach <id>', 'take this one away; the beginning of its id will do')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['attachments', 'List versions that are looked into, and writable copies.'],
          ['attachments --detach 4f2a', 'Take away the one whose id begins so.'],
        ],
        notes,
      ),
    )
    .action((options: Options) => (options.detach === undefined ? list(cli) : detach(cli, options.detach)))
}

async function list(cli: Cli): Promise<void> {
  const attachments = await withHelper(cli, attachmentsOf)
  cli.output.result({ attachments }, () =>
    attachments.length === 0 ? 'Nothing is attached.\n' : attachmentTable(attachments, cli.output.width),
  )
}

async function detach(cli: Cli, text: string): Promise<void> {
  const found = await withHelper(cli, async client => {
    const attachment = theOne(await attachmentsOf(client), text)
    if (attachment.kind === 'copy') await client.call('copies.detach', { copy: attachment.id })
    else await client.call('files.close', { attachment: attachment.id })
    return attachment
  })
  const what = found.kind === 'copy' ? 'The writable copy of' : 'The files of'
  cli.output.done({ detached: found.id }, () => `${what} ${printable(found.versionName)}: detached.\n`)
}

/** All that is attached at this moment. */
function attachmentsOf(client: RpcClient<HelperContract>): Promise<AttachmentView[]> {
  return new Promise((resolve, reject) => {
    const subscription = client.subscribe('attachments', {
      state: ({ attachments }) => {
        resolve(attachments)
        subscription.close()
      },
      change: () => undefined,
      ended: reject,
    })
  })
}

/** config.notFound with the candidates unless the text begins exactly one id. */
function theOne(attachments: readonly AttachmentView[], text: string): AttachmentView {
  const found = attachments.filter(({ id }) => id.startsWith(text))
  if (found.length === 1 && text !== '') return found[0]!
  throw new HoldfastError(
    'config.notFound',
    found.length > 1 ? `“${text}” may mean ${found.length} attachments.` : `Nothing with the id “${text}” is attached.`,
    {
      advice: 'List what is attached with: holdfast attachments',
      details: { id: text, candidates: found.map(({ id }) => id) },
    },
  )
}

const kinds = { files: 'files', copy: 'writable copy' } as const

function attachmentTable(attachments: readonly AttachmentView[], width: number | undefined): string {
  const time = (iso: string) => iso.slice(0, 16).replace('T', ' ')
  const rows = attachments.map(one => [
    one.id,
    kinds[one.kind],
    one.versionName,
    time(one.versionDate),
    one.destinationName,
    one.state,
    one.device ?? one.uri ?? '',
    one.changedBytes === null ? '' : formatBytes(one.changedBytes),
  ])
  return table(
    [
      { title: 'ID' },
      { title: 'WHAT' },
      { title: 'VERSION', shrink: 'cut' },
      { title: 'OF (UTC)' },
      { title: 'DESTINATION', shrink: 'cut' },
      { title: 'STATE' },
      { title: 'DEVICE', shrink: 'cut' },
      { title: 'WRITTEN', align: 'right' },
    ],
    rows,
    width,
  )
}
