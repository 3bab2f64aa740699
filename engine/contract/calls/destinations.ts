import { z } from 'zod'
import { boundedPath, reference, secretText } from '../callParts.ts'
import { deviceIdSchema } from '../drives.ts'
import { destinationSchema, opaqueId } from '../jobs.ts'
import { usageSchema, versionIdSchema } from '../library.ts'
import { keyInfoSchema } from '../models.ts'
import { call, noInput, noOutput } from '../rpcContract.ts'

const isoTime = z.iso.datetime({ precision: 3 })

/** Where a repository is or is to be. */
const placeChoice = z.discriminatedUnion('kind', [
  /** A file system on a drive that the inventory has offered; mounted for it when it is not. */
  z.strictObject({ kind: z.literal('drive'), device: deviceIdSchema }),
  z.strictObject({ kind: z.literal('folder'), path: boundedPath }),
])

/** Calls about places and what opens them, beside those in helperContract.ts. */
export const destinationCalls = {
  'places.look': call({
    access: 'operate',
    input: z.strictObject({ place: placeChoice }),
    output: z.object({
      /**
       * repository: there is one, at `path`. free: one can be made, at `path`, and other files stay as they are. refused: `problem`
       * says why it can be neither.
       */
      state: z.enum(['repository', 'free', 'refused']),
      path: z.string().nullable(),
      repositoryId: z.string().nullable(),
      /** The destination that it is already. */
      destination: opaqueId.nullable(),
      problem: z.object({ message: z.string(), advice: z.string() }).nullable(),
      freeBytes: z.int().nonnegative().nullable(),
      sizeBytes: z.int().nonnegative().nullable(),
      /** Room that other files take there. */
      otherBytes: z.int().nonnegative().nullable(),
      /** Other files or folders lie beside it. */
      hasOtherFiles: z.boolean(),
    }),
    doc: 'What is at a place: a repository, room for one, or a reason against it. On a drive, the folder `Holdfast` is looked at.',
  }),
  'destinations.create': call({
    access: 'configure',
    input: z.strictObject({
      name: reference,
      place: placeChoice,
      passphrase: secretText,
      mayMount: z.boolean().default(true),
      ejectAfterBackup: z.boolean().default(false),
    }),
    output: z.object({ destination: destinationSchema, recoveryPhrase: z.string() }),
    doc: 'Makes a new repository at a place and takes it as a destination. The recovery phrase is told this once.',
  }),
  'destinations.open': call({
    access: 'configure',
    input: z.strictObject({
      name: reference,
      place: placeChoice,
      secret: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('passphrase'), text: secretText }),
        z.strictObject({ kind: z.literal('recoveryPhrase'), text: secretText }),
      ]),
      mayMount: z.boolean().default(true),
      ejectAfterBackup: z.boolean().default(false),
    }),
    output: z.object({ destination: destinationSchema }),
    doc: 'Takes a repository that is there, also of another computer. With a recovery phrase, a key of this computer is added to the repository and kept, so that the phrase need not be. `repository.wrongKey` says in `details.word` and `details.number` which word of a phrase is none.',
  }),
  'destinations.edit': call({
    access: 'configure',
    input: z.strictObject({
      destination: reference,
      name: reference.optional(),
      mayMount: z.boolean().optional(),
      ejectAfterBackup: z.boolean().optional(),
    }),
    output: z.object({ destination: destinationSchema }),
    doc: 'Changes what a destination is called and how its drive is handled.',
  }),
  'destinations.lacking': call({
    access: 'read',
    input: noInput,
    output: z.object({
      lacking: z.array(
        z.object({
          job: opaqueId,
          destination: opaqueId,
          count: z.int().positive(),
          /** Dates of the oldest and the newest of them. */
          oldestAt: isoTime,
          newestAt: isoTime,
          /** Destinations that have some of them and can be reached now. */
          from: z.array(opaqueId),
        }),
      ),
    }),
    doc: 'What destinations of jobs lack that was made in others, as far as retention would keep it. It is copied by itself, as soon as both can be reached.',
  }),
  'destinations.copyMissing': call({
    access: 'operate',
    input: z.strictObject({
      to: reference,
      /** Where the versions are; without, in the other destinations of the jobs that store in `to`. */
      from: reference.optional(),
      /** These; without, all that `to` never had, whatever their age. */
      versions: z.array(versionIdSchema).min(1).max(1000).optional(),
    }),
    output: z.object({ run: opaqueId }),
    doc: 'Copies versions from other destinations, in a run of its own.',
  }),
  'destinations.measure': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: z.object({ usage: usageSchema }),
    doc: 'Measures what the repository takes, now. It is measured after each run anyway.',
  }),
  'destinations.history': call({
    access: 'read',
    input: z.strictObject({ destination: reference }),
    output: z.object({ usages: z.array(usageSchema) }),
    doc: 'What the repository took over time, oldest first; at most 400 points.',
  }),
  'keys.list': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: z.object({ keys: z.array(keyInfoSchema) }),
    doc: 'What opens the repository of a destination.',
  }),
  'keys.addRecoveryPhrase': call({
    access: 'configure',
    input: z.strictObject({ destination: reference }),
    output: z.object({ key: keyInfoSchema, recoveryPhrase: z.string() }),
    doc: 'Makes another recovery phrase, which is told this once.',
  }),
  'keys.addPassphrase': call({
    access: 'configure',
    input: z.strictObject({ destination: reference, passphrase: secretText }),
    output: z.object({ key: keyInfoSchema }),
    doc: 'Adds a passphrase and keeps it in place of the one that is kept. Others stay until they are removed.',
  }),
  'keys.remove': call({
    access: 'configure',
    input: z.strictObject({ destination: reference, key: z.string().regex(/^[0-9a-f]{8}$/) }),
    output: noOutput,
    doc: 'Removes what opens a repository; never the last one, nor the one that is kept here.',
  }),
  'recoverySheet.make': call({
    access: 'operate',
    input: z.strictObject({ destination: reference, recoveryPhrase: secretText }),
    output: z.object({ html: z.string() }),
    doc: 'A page to print or keep: what the repository is, where, and its recovery phrase, as words and as a QR code.',
  }),
  'recoverySheet.saved': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: noOutput,
    doc: 'Notes that the person has the sheet; the health list asks for it.',
  }),
}
