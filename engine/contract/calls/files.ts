import { z } from 'zod'
import { boundedPath, planIdSchema, reference, secretText } from '../callParts.ts'
import { fileEntrySchema, fileKinds, volumeSchema } from '../files.ts'
import { opaqueId } from '../jobs.ts'
import { libraryVersionSchema, versionIdSchema } from '../library.ts'
import { call, noOutput } from '../rpcContract.ts'

const bytes = z.int().nonnegative()

/** Inside of a volume, from its root: '' is the root itself, 'home/anna/letters'. Never with a leading slash, '.' or '..'. */
const insidePath = z.string().max(4096)
const place = { attachment: opaqueId, volume: z.string().min(1).max(300), path: insidePath }

/** What is done about names that are there: nothing is copied, the new ones get other names, or they are replaced. */
export const existingChoices = ['refuse', 'keep-both', 'replace'] as const

/**
 * Calls about the files of a version. All of them show what everybody's files hold, so all ask for `browse`. An attachment
 * that nobody asks anything of for ten minutes is detached by itself; topic `attachments` tells.
 */
export const fileCalls = {
  'files.open': call({
    access: 'browse',
    input: z.strictObject({ destination: reference, version: versionIdSchema }),
    output: z.object({ attachment: opaqueId, volumes: z.array(volumeSchema) }),
    doc: 'Attaches a version and looks which volumes it has. One that is attached for files already is given again. Takes seconds.',
  }),
  'files.unlock': call({
    access: 'browse',
    input: z.strictObject({ attachment: opaqueId, volume: z.string().min(1).max(300), passphrase: secretText }),
    output: z.object({ volumes: z.array(volumeSchema) }),
    doc: 'Opens an encrypted volume (`files.wrongPassphrase`); what is inside of it is in the answer.',
  }),
  'files.list': call({
    access: 'browse',
    input: z.strictObject({
      ...place,
      /** Only entries whose name holds this, whatever its case. */
      search: z.string().max(200).default(''),
      order: z.enum(['name', 'size', 'modified']).default('name'),
      descending: z.boolean().default(false),
      offset: z.int().min(0).max(10_000_000).default(0),
      limit: z.int().min(1).max(1000).default(200),
    }),
    output: z.object({
      entries: z.array(fileEntrySchema),
      /** Entries of the folder that fit the search. A page may be shorter than the limit, when names are long. */
      total: bytes,
    }),
    doc: 'A page of a folder; folders come first. The folder is read once for all its pages.',
  }),
  'files.preview': call({
    access: 'browse',
    input: z.strictObject(place),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('text'), text: z.string(), isWhole: z.boolean() }),
      z.object({
        kind: z.literal('picture'),
        type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
        base64: z.string(),
      }),
      /** tooLarge: a picture of more than 600 KB. other: neither text nor a picture. */
      z.object({ kind: z.literal('none'), reason: z.enum(['tooLarge', 'other', 'empty']) }),
    ]),
    doc: 'The beginning of a text (64 KiB), or a picture, judged by what the file holds and not by its name.',
  }),
  'files.history': call({
    access: 'browse',
    progress: true,
    input: z.strictObject({ ...place, limit: z.int().min(1).max(50).default(20) }),
    output: z.object({
      entries: z.array(
        z.object({
          version: versionIdSchema,
          date: z.iso.datetime({ precision: 3 }),
          /** same: as in the next newer version that has it. unknown: the version could not be opened. */
          state: z.enum(['present', 'same', 'absent', 'unknown']),
          kind: z.enum(fileKinds).nullable(),
          sizeBytes: bytes.nullable(),
          modified: z.iso.datetime({ precision: 3 }).nullable(),
        }),
      ),
      /** There are older versions than were looked at. */
      more: z.boolean(),
    }),
    doc: 'The same path in the newest versions of the same source, newest first. Attaches one after the other.',
  }),
  'files.planRestore': call({
    access: 'browse',
    input: z.strictObject({
      attachment: opaqueId,
      volume: z.string().min(1).max(300),
      paths: z.array(insidePath).min(1).max(1000),
      /** A folder of whoever asks, with '~/' for their home; made when only its last part is missing. */
      folder: boundedPath,
      existing: z.enum(existingChoices).default('refuse'),
    }),
    output: z.object({
      planId: planIdSchema,
      version: libraryVersionSchema,
      folder: z.string(),
      /** Names in the folder that there would be. */
      names: z.array(z.string()),
      entries: bytes,
      bytes,
      freeBytes: bytes.nullable(),
      /** What is there and would be replaced or stands in the way, relative to the folder; at most 1000 of `replacedCount`. */
      replaced: z.array(z.string()),
      replacedCount: bytes,
    }),
    doc: 'Counts what would be copied out, and what is there already. The plan is good for ten minutes.',
  }),
  'files.startRestore': call({
    access: 'browse',
    input: z.strictObject({ planId: planIdSchema }),
    output: z.object({ run: opaqueId }),
    doc: 'Copies as planned, in a run of its own, with owners, modes, times and attributes. What has appeared in the folder since the plan was made is not replaced.',
  }),
  'files.close': call({
    access: 'browse',
    input: z.strictObject({ attachment: opaqueId }),
    output: noOutput,
    doc: 'Detaches it. `files.busy` while something is copied out of it.',
  }),
}

/** Calls about writable copies of versions (overlays): what is written to one is kept aside, the version never changes. */
export const copyCalls = {
  'copies.create': call({
    access: 'browse',
    input: z.strictObject({ destination: reference, version: versionIdSchema }),
    output: z.object({ copy: opaqueId }),
    doc: 'Makes a writable copy of a version. It takes room only for what is written to it.',
  }),
  'copies.attach': call({
    access: 'browse',
    input: z.strictObject({ copy: opaqueId }),
    output: z.object({
      /** A block device of this computer, with its partitions; null where none can be had. */
      device: z.string().nullable(),
      /** For NBD clients: nbd+unix:///… */
      uri: z.string(),
    }),
    doc: 'Offers it as a device, for repair tools and virtual machines of root. Stays attached until it is detached.',
  }),
  'copies.detach': call({
    access: 'browse',
    input: z.strictObject({ copy: opaqueId }),
    output: noOutput,
    doc: 'Takes the device away; `files.busy` while something uses it. What was written is kept.',
  }),
  'copies.keep': call({
    access: 'browse',
    input: z.strictObject({ copy: opaqueId, note: z.string().max(1000).default('') }),
    output: z.object({ run: opaqueId }),
    doc: 'Stores it as a new, protected version, in a run of its own; it must be detached. It is removed when the version is complete.',
  }),
  'copies.discard': call({
    access: 'browse',
    input: z.strictObject({ copy: opaqueId }),
    output: noOutput,
    doc: 'Throws away what was written to it. It must be detached.',
  }),
}
