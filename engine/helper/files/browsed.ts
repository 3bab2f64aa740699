import { z } from 'zod'
import type { Helper } from '../helper.ts'
import { versionText } from '../restores/plan.ts'

/** How the calls of contract/calls/files.ts say what they are about. */
const inputSchema = z.union([
  z.object({ attachment: z.string() }),
  z.object({ copy: z.string() }),
  z.object({ destination: z.string(), version: z.string() }),
])

/** These ask themselves (access/erasing.ts), once the plan has told them about which version. */
export const askingBrowseCalls: ReadonlySet<string> = new Set(['files.startRestore'])

/**
 * The version that a call looks into, as the question calls it that a person is asked. config.notFound when there is nothing that it
 * could mean; internal.bug for a call that does not say.
 */
export async function browsedVersion(helper: Helper, input: unknown): Promise<string> {
  const { destinations, library } = helper
  const { files, copies } = helper.attachments
  const about = inputSchema.parse(input)
  if ('attachment' in about) return versionText(files.versionOf(about.attachment).version)
  if ('copy' in about) {
    const { version: id, name, date } = await copies.overlay(about.copy)
    return versionText({ id, name, date })
  }
  const destination = destinations.resolve(about.destination)
  const found = library.find(destination.id, about.version)
  return found ? versionText(found) : `${about.version} in ${destination.name}`
}
