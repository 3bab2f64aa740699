import { z } from 'zod'
import { boundedPath, reference, secretText } from '../callParts.ts'
import { storageCredentialsSchema } from '../credentials.ts'
import { deviceIdSchema } from '../drives.ts'
import { errorCodes } from '../errors.ts'
import { destinationSchema, opaqueId } from '../jobs.ts'
import { usageSchema, versionIdSchema } from '../library.ts'
import { keyInfoSchema, lockStateSchema } from '../models.ts'
import { call, noInput, noOutput } from '../rpcContract.ts'
import { transferLimitsSchema } from '../transferLimits.ts'

const isoTime = z.iso.datetime({ precision: 3 })
/** A file system on a drive that the inventory has offered; mounted for it when it is not. */
const driveChoice = z.strictObject({ kind: z.literal('drive'), device: deviceIdSchema })
const folderChoice = z.strictObject({ kind: z.literal('folder'), path: boundedPath })
/** A fingerprint as ssh shows it. */
const hostKey = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/)
/** A bucket, a folder on a server, or a remote of rclone. */
const elsewhereFields = {
  /** Without secrets: s3:…, b2:…, sftp:… or rclone:…. */
  url: z.string().min(1).max(2048),
  credentials: storageCredentialsSchema.optional(),
  /** The key of a server that was not known here, as the person has compared it; remembered from then on. */
  acceptHostKey: hostKey.optional(),
}

/** Where a repository is or is to be. */
const placeChoice = z.discriminatedUnion('kind', [
  driveChoice,
  folderChoice,
  z.strictObject({ kind: z.literal('elsewhere'), ...elsewhereFields }),
])

/** Calls about places and what opens them, beside those in helperContract.ts. */
export const destinationCalls = {
  'places.look': call({
    access: 'operate',
    input: z.strictObject({ place: z.discriminatedUnion('kind', [driveChoice, folderChoice]) }),
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
  'places.test': call({
    access: 'configure',
    input: z.strictObject(elsewhereFields),
    output: z.object({
      /** As of `places.look`. */
      state: z.enum(['repository', 'free', 'refused']),
      /** The same place has the same text. */
      url: z.string(),
      repositoryId: z.string().nullable(),
      /** The destination that it is already. */
      destination: opaqueId.nullable(),
      problem: z
        .object({
          code: z.enum(errorCodes),
          message: z.string(),
          advice: z.string(),
          /** What the credentials are not allowed to do, of `storage.authFailed`; null when they were not accepted at all. */
          missingRight: z.enum(['list', 'read', 'write']).nullable(),
          /** What the provider calls that right. */
          rightName: z.string().nullable(),
          /** Of `storage.hostKeyUnknown` and `storage.hostKeyChanged`: the key of the server, and those that it had before. */
          hostKey: z.object({ fingerprint: z.string(), expected: z.array(z.string()) }).nullable(),
        })
        .nullable(),
      /** Whether these credentials may delete what they store; null when that was not tried. */
      canDelete: z.boolean().nullable(),
    }),
    doc: 'Tests a place elsewhere with its credentials: whether it can be reached, what is there, and what is missing. Where there is no repository in a bucket, a tiny object is put, read and deleted (it stays when it may not be deleted). Nothing is kept but a host key that was accepted.',
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
      /** Null lifts all limits. */
      limits: transferLimitsSchema.nullable().optional(),
      /** Of a place elsewhere; they must open the repository before they replace those that are kept. */
      credentials: storageCredentialsSchema.optional(),
      acceptHostKey: hostKey.optional(),
    }),
    output: z.object({ destination: destinationSchema }),
    doc: 'Changes what a destination is called, how its drive is handled, how fast it is used and what lets us in. Limits hold from the next run on.',
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
      /** Without `versions`: only what `destinations.lacking` counts. */
      isLackingOnly: z.boolean().default(false),
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
  'destinations.readLocks': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: z.object({ lock: lockStateSchema.omit({ versions: true }) }),
    doc: 'Asks the server of every object that versions need until when it is locked against removal, one request each, and keeps what it said: versions then tell it. Topic `destinations` tells how far it is. A second one waits for the first. config.notFound where nothing is locked.',
  }),
  'destinations.stopReadingLocks': call({
    access: 'operate',
    input: z.strictObject({ destination: reference }),
    output: noOutput,
    doc: 'Ends that; what was known before stays.',
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
