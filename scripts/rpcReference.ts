import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { helperContract } from '../engine/contract/helperContract.ts'
import { rpcReference } from '../engine/rpc/reference.ts'

const intro = `
What other programs can ask of \`holdfast daemon\`, on its Unix socket or, started with \`--stdio\`, on its standard input and
output. The lists below follow from \`engine/contract/helperContract.ts\` (\`npm run docs:rpc\` writes this page). How messages are
framed and what they look like is in \`engine/rpc/frames.ts\` and \`engine/rpc/messages.ts\`; errors have a code from
\`engine/contract/errors.ts\`.

A call that needs more than the peer may do fails with \`access.denied\`. On the socket, polkit decides that for the system's
helper, for each call anew (a permission to read holds for 5 s); a helper of one user serves that user alone. On standard input and output everything is allowed.
`

/** The page docs/rpc.md. */
export const rpcPage = (): string => rpcReference(helperContract, { title: 'Calls of the helper', intro })

if (import.meta.main) await writeFile(join(import.meta.dirname, '../docs/rpc.md'), rpcPage())
