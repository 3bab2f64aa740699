import { z } from 'zod'
import { planIdSchema, reference, versionsOf } from '../callParts.ts'
import { opaqueId } from '../jobs.ts'
import {
  comparisonSchema,
  diskPictureSchema,
  librarySummarySchema,
  libraryVersionSchema,
  retentionPreviewSchema,
  versionIdSchema,
} from '../library.ts'
import { shownRecipeSchema } from '../recipe.ts'
import { call, noOutput } from '../rpcContract.ts'

/** Calls about versions that are stored. */
export const versionCalls = {
  'versions.list': call({
    access: 'read',
    input: z.strictObject({
      destination: reference.optional(),
      job: reference.optional(),
      limit: z.int().min(1).max(1000).default(200),
      /** Go on after this one, which was the last of the page before. */
      after: z.strictObject({ destination: opaqueId, version: versionIdSchema }).optional(),
    }),
    output: z.object({
      versions: z.array(libraryVersionSchema),
      /** There are more. A page may be shorter than the limit, when versions have much to say. */
      more: z.boolean(),
    }),
    doc: 'Versions as they are remembered, newest first; also of drives that are away.',
  }),
  'versions.refresh': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: z.object({ summary: librarySummarySchema }),
    doc: 'Looks into the repository which versions there are. Topic `library` tells when that has changed something.',
  }),
  'versions.protect': call({
    access: 'operate',
    input: versionsOf,
    output: noOutput,
    doc: 'Keeps versions from being removed, by whatever rule.',
  }),
  'versions.unprotect': call({
    access: 'configure',
    input: versionsOf,
    output: noOutput,
    doc: 'Ends that.',
  }),
  'versions.label': call({
    access: 'configure',
    input: z.strictObject({
      destination: reference,
      version: versionIdSchema,
      /** `key=value` sets a label, `key-` removes it. */
      edits: z.array(z.string().min(1).max(1200)).min(1).max(64),
    }),
    output: z.object({ version: libraryVersionSchema }),
    doc: 'Changes labels of a version. The label `note` is what people write about it.',
  }),
  'versions.compare': call({
    access: 'read',
    input: z.strictObject({ destination: reference, older: versionIdSchema, newer: versionIdSchema }),
    output: comparisonSchema,
    doc: 'How much differs between two versions of one destination, and where. The repository must be connected.',
  }),
  'versions.picture': call({
    access: 'read',
    input: z.strictObject({ destination: reference, version: versionIdSchema }),
    output: z.object({ picture: diskPictureSchema }),
    doc: 'The partitions of a version of a disk, as its partition table says. The repository must be connected.',
  }),
  'versions.recipe': call({
    access: 'read',
    input: z.strictObject({ destination: reference, version: versionIdSchema }),
    output: z.object({ recipe: shownRecipeSchema.nullable() }),
    doc: 'What rebuilds the machine around a version of a disk or volume; null for a version without it. The repository must be connected.',
  }),
  'versions.planRemoval': call({
    access: 'operate',
    input: versionsOf,
    output: z.object({
      /** Null when none of them may be removed. */
      planId: planIdSchema.nullable(),
      removable: z.array(libraryVersionSchema),
      kept: z.array(z.object({ version: libraryVersionSchema, reason: z.enum(['protected', 'tooYoung', 'gone']) })),
      /** Of those, the newest complete version of its name, after which there is none. */
      lastOfName: z.array(z.string()),
    }),
    doc: 'What a removal would do. The plan is good for ten minutes.',
  }),
  'versions.remove': call({
    access: 'erase',
    input: z.strictObject({ planId: planIdSchema }),
    output: z.object({ removed: z.array(versionIdSchema) }),
    doc: 'Removes the versions of a plan. Fails with `target.identityChanged` when what was planned is not what is there. Room is made by the next prune, of what is locked (`lock`) by the first one after its locks have run out.',
  }),
  'retention.preview': call({
    access: 'read',
    input: z.strictObject({
      policy: z.string().max(500),
      job: reference.optional(),
      destination: reference.optional(),
    }),
    output: retentionPreviewSchema,
    doc: 'What a retention policy would keep and remove of the versions that are remembered. Without a job and a destination, of an invented one that made a version every hour for two years.',
  }),
}
