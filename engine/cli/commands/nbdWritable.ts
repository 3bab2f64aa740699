import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Session } from '../../engineApi.ts'
import type { ExportList } from '../../nbd/export.ts'
import type { Cli } from '../cli.ts'
import { find } from './overlays.ts'

export interface WritableOptions {
  readWrite?: boolean
  overlay?: string
  commit?: boolean
  discard?: boolean
}

/** Says what is wrong with the options, before anything is opened. */
export function checkWritable(
  { readWrite, overlay, commit, discard }: WritableOptions,
  version: string | undefined,
): void {
  const refuse = (message: string, advice: string) => {
    throw new HoldfastError('usage.invalid', message, { advice })
  }
  if (!readWrite && (overlay !== undefined || commit || discard)) {
    refuse('--overlay, --commit and --discard have a meaning only together with --read-write.', 'Add --read-write.')
  }
  if (commit && discard)
    refuse('Both --commit and --discard are given.', 'Give one of them, or neither to decide later.')
  if (readWrite && (version === undefined) === (overlay === undefined)) {
    refuse('Only one version can be written to.', 'Name the version, or with --overlay what was written to one before.')
  }
}

/**
 * Serves a version that can be written to, and does with what was written what was asked for, when `serve` has ended. If it ends by
 * failing, what was written is left where it is.
 */
export async function serveWritable(
  cli: Cli,
  session: Session,
  version: string | undefined,
  options: WritableOptions,
  serve: (exports: ExportList) => Promise<void>,
): Promise<void> {
  const engine = await cli.engine()
  const id =
    options.overlay === undefined
      ? await session.createOverlay(version!)
      : find(await engine.overlays(), options.overlay).id
  const device = await session.openOverlay(id)
  const { sharedExport } = await import('../../nbd/sharedExport.ts')
  try {
    await serve(sharedExport(device, [device.name, id, ...(version === undefined ? [] : [version])]))
  } finally {
    await device.close()
  }
  const { changedBytes } = find(await engine.overlays(), id)
  if (options.discard || changedBytes === 0) {
    await engine.discardOverlay(id)
    if (!options.discard) cli.output.say('Nothing was written.\n')
  } else if (options.commit) {
    const result = await session.commitOverlay(id)
    for (const warning of result.warnings) cli.output.warn(warning)
    cli.output.say(`Kept as version ${result.version} of ${result.name}, protected.\n`)
  } else {
    cli.output.say(
      `${formatBytes(changedBytes)} were written. Keep them with "holdfast overlays commit ${id}", or discard them with "holdfast overlays discard ${id}".\n`,
    )
  }
}
