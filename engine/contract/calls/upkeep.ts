import { z } from 'zod'
import { reference } from '../callParts.ts'
import { deviceIdSchema } from '../drives.ts'
import { healthAnswerSchema } from '../health.ts'
import { opaqueId } from '../jobs.ts'
import { versionIdSchema } from '../library.ts'
import { call, noInput } from '../rpcContract.ts'

/** Calls about the state of things, and what keeps them in order. */
export const upkeepCalls = {
  'scrubs.start': call({
    access: 'operate',
    input: z.strictObject({
      destination: reference,
      /** light: presence and sizes; deep: every byte. */
      depth: z.enum(['light', 'deep']),
      /** Only what these need; everything unless given. */
      versions: z.array(versionIdSchema).min(1).max(1000).optional(),
    }),
    output: z.object({ run: opaqueId }),
    doc: 'Checks what is stored, in a run of its own.',
  }),
  'prunes.start': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: z.object({ run: opaqueId }),
    doc: 'Gives back the room of what no version needs any more, in a run of its own.',
  }),
  'health.get': call({
    access: 'read',
    input: noInput,
    output: z.object({ answers: z.array(healthAnswerSchema) }),
    doc: 'Whether the backups are ones to rely on, question by question.',
  }),
  'sources.usage': call({
    access: 'read',
    input: noInput,
    output: z.object({
      usages: z.array(
        z.object({ device: deviceIdSchema, usedBytes: z.int().nonnegative(), freeBytes: z.int().nonnegative() }),
      ),
    }),
    doc: 'How full the file systems are that are mounted.',
  }),
  'sources.fileFacts': call({
    access: 'configure',
    input: z.strictObject({ source: opaqueId }),
    output: z.object({ path: z.string(), sizeBytes: z.int().nonnegative(), allocatedBytes: z.int().nonnegative() }),
    doc: 'What an image file is that `sources.offerFile` has given an id.',
  }),
  'support.bundle': call({
    access: 'operate',
    input: noInput,
    output: z.object({ text: z.string() }),
    doc: 'What somebody needs to know who is to help, as JSON: versions of programs, jobs, runs with their logs, devices. No secrets; serials and home folders are made unreadable.',
  }),
}
