import { z } from 'zod'
import { reference, secretText } from './callParts.ts'
import { destinationCalls } from './calls/destinations.ts'
import { copyCalls, fileCalls } from './calls/files.ts'
import { restoreCalls } from './calls/restores.ts'
import { upkeepCalls } from './calls/upkeep.ts'
import { versionCalls } from './calls/versions.ts'
import { storageCredentialsSchema } from './credentials.ts'
import {
  destinationStateSchema,
  deviceIdSchema,
  driveDeviceSchema,
  driveInventorySchema,
  ejectResultSchema,
} from './drives.ts'
import { attachmentViewSchema } from './files.ts'
import { jobPreviewSchema } from './jobPreview.ts'
import {
  destinationSchema,
  jobChangesSchema,
  jobSchema,
  jobSettingsSchema,
  opaqueId,
  runProgressSchema,
  runSchema,
} from './jobs.ts'
import { librarySummarySchema, usageSchema } from './library.ts'
import { lockStateSchema } from './models.ts'
import { call, defineContract, noInput, noOutput, topic } from './rpcContract.ts'
import { jobStateReasons, jobStates } from './schedule.ts'
import { shownNoticeSchema } from './shownNotice.ts'

/** Everything that clients can ask of the helper, and everything they can watch. Shapes of single things are in jobs.ts. */

const isoTime = z.iso.datetime({ precision: 3 })

/** A source as clients name it: what the inventory offered, or a file that was offered by name. Never a path. */
const sourceChoice = z.strictObject({
  source: z.string().regex(/^[0-9a-f]{16,32}$/),
  name: jobSettingsSchema.shape.sources.element.shape.name,
})
const settingsInput = jobSettingsSchema.extend({ sources: z.array(sourceChoice).min(1).max(64) })

/** How a job fares with one of its destinations. */
const jobStandingSchema = z.object({
  destination: opaqueId,
  destinationName: z.string(),
  state: z.enum(jobStates),
  reason: z.enum(jobStateReasons),
  /** The same in a sentence. */
  text: z.string(),
  /** When time alone may change that; null when only an event can. */
  nextAt: isoTime.nullable(),
  /** Under way now. */
  run: opaqueId.nullable(),
  lastRun: runSchema.nullable(),
  /** Beginning of the newest run that was complete. */
  lastSuccessAt: isoTime.nullable(),
  /** Since when there is no version young enough; null when there is one. */
  overdueSince: isoTime.nullable(),
})

const jobViewSchema = z.object({ job: jobSchema, standings: z.array(jobStandingSchema) })
export type JobView = z.infer<typeof jobViewSchema>

const destinationViewSchema = z.object({
  destination: destinationSchema,
  state: destinationStateSchema,
  /** Where it is, for people. drive: on one that comes and goes. */
  place: z.object({
    kind: z.enum(['drive', 'folder', 's3', 'b2', 'sftp', 'rclone']),
    /** Server, or remote of rclone; null for drives and folders, and where the provider follows from the kind. */
    host: z.string().nullable(),
    /** Folder, or bucket with prefix. */
    path: z.string(),
  }),
  /** How its key is kept; null when it is not, and no run can open it. */
  protection: z.enum(['systemd-creds', 'file-permissions', 'memory']).nullable(),
  /** Whether what lets us in is kept here. notNeeded: on drives and in folders, and where the helper's own login is used. */
  credentials: z.enum(['kept', 'missing', 'notNeeded']),
  /** As last measured; null when it never was. */
  usage: usageSchema.nullable(),
  /** Bytes that it grew by each day, over the last thirty; null while that cannot be told. */
  growthPerDay: z.number().nullable(),
  /** When the recovery sheet was saved. */
  sheetSavedAt: isoTime.nullable(),
  /** What the server said when it was last asked of the lock of every object; absent when it never was. */
  askedLocks: z
    .object({
      at: isoTime,
      ...lockStateSchema.pick({ mode: true, lockedUntil: true }).shape,
      objects: z.int().nonnegative(),
    })
    .optional(),
  /** While it is being asked: how many of them so far. */
  askingLocks: z.object({ asked: z.int().nonnegative(), objects: z.int().nonnegative() }).optional(),
})
export type DestinationView = z.infer<typeof destinationViewSchema>

const deliverySchema = z.object({
  waiting: z.int(),
  dropped: z.int(),
  /** What went wrong last; null once something has arrived. */
  error: z.string().nullable(),
  /** When that was. */
  errorAt: isoTime.optional(),
  lastDeliveredAt: isoTime.nullable(),
})

const importResult = z.object({
  added: z.array(z.string()),
  replaced: z.array(z.string()),
  kept: z.array(z.string()),
  destinationsAdded: z.array(z.string()),
})

const logLine = z.object({ at: isoTime, level: z.enum(['info', 'warn', 'error']), text: z.string() })

export const helperContract = defineContract({
  protocol: 1,
  calls: {
    'status.get': call({
      access: 'read',
      input: noInput,
      output: z.object({
        program: z.string(),
        host: z.string(),
        startedAt: isoTime,
        /** system: the service of this computer; user: a helper for one person, without rights. */
        mode: z.enum(['system', 'user']),
        /** No secret can be used until they are unlocked. */
        secretsLocked: z.boolean(),
      }),
      doc: 'What this helper is.',
    }),
    'jobs.list': call({
      access: 'read',
      input: noInput,
      output: z.object({ jobs: z.array(jobViewSchema) }),
      doc: 'All jobs and how they fare.',
    }),
    'jobs.create': call({
      access: 'configure',
      input: z.strictObject({ settings: settingsInput }),
      output: z.object({ job: jobSchema }),
      doc: 'Makes a job. Sources are named by what `sources.list` or `sources.offerFile` gave.',
    }),
    'jobs.edit': call({
      access: 'configure',
      input: z.strictObject({
        job: reference,
        changes: jobChangesSchema.extend({ sources: z.array(sourceChoice).min(1).max(64).optional() }),
      }),
      output: z.object({ job: jobSchema }),
      doc: 'Replaces the settings that are given and leaves the others.',
    }),
    'jobs.remove': call({
      access: 'configure',
      input: z.strictObject({ job: reference }),
      output: noOutput,
      doc: 'Forgets a job and its runs. What it has stored stays.',
    }),
    'jobs.run': call({
      access: 'operate',
      input: z.strictObject({ job: reference, destinations: z.array(reference).max(16).optional() }),
      output: noOutput,
      doc: 'Runs a job as soon as there is a free place, to each of its destinations, whatever its schedule, a pause, the battery or earlier failures say. One whose drive is missing waits for it.',
    }),
    'jobs.preview': call({
      access: 'operate',
      input: z.strictObject({ job: reference, destinations: z.array(reference).max(16).optional() }),
      output: jobPreviewSchema,
      doc: 'What a run would do now, without doing it: whether each source can be read and each destination be stored to, which old versions retention would remove (without the version that the run would make, so the run may remove one more), and what else is due. Mounts no drive, runs no hook, locks and changes nothing.',
    }),
    'jobs.pause': call({
      access: 'operate',
      input: z.strictObject({ job: reference, until: z.union([isoTime, z.literal('forever')]) }),
      output: z.object({ job: jobSchema }),
      doc: 'Lets nothing begin by itself before that time.',
    }),
    'jobs.resume': call({
      access: 'operate',
      input: z.strictObject({ job: reference }),
      output: z.object({ job: jobSchema }),
      doc: 'Ends a pause.',
    }),
    'jobs.export': call({
      access: 'read',
      input: z.strictObject({ jobs: z.array(reference).max(1000).optional() }),
      output: z.object({ text: z.string() }),
      doc: 'Jobs and the destinations they need as the text of one file. It holds no secrets.',
    }),
    'jobs.import': call({
      access: 'configure',
      input: z.strictObject({
        text: z.string().max(900_000),
        replace: z.boolean().default(false),
        dryRun: z.boolean().default(false),
      }),
      output: importResult,
      doc: 'Takes jobs out of such a text; those that are known are kept as they are, unless they are to be replaced.',
    }),
    'runs.list': call({
      access: 'read',
      input: z.strictObject({
        job: reference.optional(),
        limit: z.int().min(1).max(200).default(50),
        before: isoTime.optional(),
      }),
      output: z.object({ runs: z.array(runSchema) }),
      doc: 'Runs, newest first.',
    }),
    'runs.get': call({
      access: 'read',
      input: z.strictObject({ run: opaqueId }),
      output: z.object({ run: runSchema, log: z.array(logLine) }),
      doc: 'One run with its log.',
    }),
    'runs.cancel': call({
      access: 'operate',
      input: z.strictObject({ run: opaqueId }),
      output: noOutput,
      doc: 'Ends a run. What it has stored stays, and the next one goes on from there.',
    }),
    'runs.pause': call({
      access: 'operate',
      input: z.strictObject({ run: opaqueId }),
      output: noOutput,
      doc: 'Holds a run under way until it is resumed, cancelled, or the helper ends: what it has begun to transfer ends, and nothing more is read or sent. May be repeated. usage.invalid for kinds of runs that cannot be paused.',
    }),
    'runs.resume': call({
      access: 'operate',
      input: z.strictObject({ run: opaqueId }),
      output: noOutput,
      doc: 'Lets a run go on that was paused; nothing happens to one that is not.',
    }),
    'destinations.list': call({
      access: 'read',
      input: noInput,
      output: z.object({ destinations: z.array(destinationViewSchema) }),
      doc: 'All destinations and whether they can be used now.',
    }),
    'destinations.add': call({
      access: 'configure',
      input: z.strictObject({
        name: reference,
        /** Of the repository: a folder, or a bucket. */
        url: z.string().min(1).max(2048),
        passphrase: secretText,
        /** Of a place elsewhere; they are kept as well. */
        credentials: storageCredentialsSchema.optional(),
        mayMount: z.boolean().default(false),
        ejectAfterBackup: z.boolean().default(false),
      }),
      output: z.object({ destination: destinationSchema }),
      doc: 'Takes a repository that is there as a destination, after its passphrase has opened it, and keeps the passphrase.',
    }),
    'destinations.unlock': call({
      access: 'configure',
      input: z.strictObject({
        destination: reference,
        passphrase: secretText,
        credentials: storageCredentialsSchema.optional(),
      }),
      output: noOutput,
      doc: 'Keeps the passphrase of a destination, and the credentials of its storage if they are given, after they have opened the repository.',
    }),
    'destinations.forgetKey': call({
      access: 'configure',
      input: z.strictObject({ destination: reference }),
      output: noOutput,
      doc: 'Forgets the passphrase, and the credentials of its storage. Runs fail until it is given again; what is stored stays readable with it.',
    }),
    'destinations.remove': call({
      access: 'configure',
      input: z.strictObject({ destination: reference }),
      output: noOutput,
      doc: 'Forgets a destination that no job needs, and its passphrase. The repository stays as it is.',
    }),
    'secrets.lock': call({
      access: 'operate',
      input: noInput,
      output: noOutput,
      doc: 'Uses no secret of a destination until they are unlocked or the helper starts anew: runs that would begin fail with `secrets.unavailable`, those under way go on. A helper of one user has no other place for secrets than its memory, so it forgets them for good.',
    }),
    'secrets.unlock': call({
      access: 'configure',
      input: noInput,
      output: noOutput,
      doc: 'Lets secrets be used again. What a helper of one user has forgotten is to be given again with `destinations.unlock`.',
    }),
    'sources.list': call({
      access: 'read',
      input: noInput,
      output: z.object({ devices: z.array(driveDeviceSchema) }),
      doc: 'Disks, partitions and volumes that can be backed up, with the ids to name them by.',
    }),
    'sources.offerFile': call({
      access: 'configure',
      input: z.strictObject({ path: z.string().min(1).max(4096) }),
      output: z.object({ source: opaqueId }),
      doc: 'Gives an image file an id to name it by. Only regular files: a device is named by the inventory alone.',
    }),
    'notices.get': call({
      access: 'read',
      input: noInput,
      output: z.object({
        email: z
          .object({
            host: z.string(),
            port: z.int(),
            tls: z.enum(['starttls', 'tls', 'none']),
            user: z.string().optional(),
            from: z.string(),
            to: z.array(z.string()),
            trustedCertificates: z.string().optional(),
          })
          .nullable(),
        webhook: z.object({ url: z.string() }).nullable(),
        deliveries: z.object({ email: deliverySchema.nullable(), webhook: deliverySchema.nullable() }),
      }),
      doc: 'Where messages about failures go besides the screen, and whether they arrive.',
    }),
    'notices.set': call({
      access: 'configure',
      input: z.strictObject({
        email: z
          .strictObject({
            host: z.string().max(255),
            port: z.int().min(1).max(65_535),
            tls: z.enum(['starttls', 'tls', 'none']),
            user: z.string().max(254).optional(),
            from: z.string().max(254),
            to: z.array(z.string().max(254)).min(1).max(20),
            trustedCertificates: z.string().max(100_000).optional(),
          })
          .nullable(),
        webhook: z.strictObject({ url: z.string().max(2000) }).nullable(),
        emailPassword: secretText.optional(),
        webhookSecret: secretText.optional(),
      }),
      output: noOutput,
      doc: 'Replaces them; passwords that are not given stay.',
    }),
    'notices.test': call({
      access: 'configure',
      input: noInput,
      output: noOutput,
      doc: 'Sends a message by each of these ways; `notices.get` then says whether it arrived.',
    }),
    'drives.eject': call({
      access: 'operate',
      input: z.strictObject({ drive: deviceIdSchema }),
      output: ejectResultSchema,
      doc: 'Unmounts what the helper has mounted from a drive, and switches it off where that is possible.',
    }),
    ...destinationCalls,
    ...versionCalls,
    ...restoreCalls,
    ...fileCalls,
    ...copyCalls,
    ...upkeepCalls,
  },
  topics: {
    jobs: topic({
      access: 'read',
      state: z.object({ jobs: z.array(jobViewSchema) }),
      change: z.object({ changed: z.array(jobViewSchema), removed: z.array(opaqueId) }),
      doc: 'How all jobs fare.',
    }),
    destinations: topic({
      access: 'read',
      state: z.object({ destinations: z.array(destinationViewSchema) }),
      change: z.object({ changed: z.array(destinationViewSchema), removed: z.array(opaqueId) }),
      doc: 'All destinations, and whether they can be used now.',
    }),
    drives: topic({
      access: 'read',
      state: driveInventorySchema,
      change: driveInventorySchema,
      doc: 'Disks, partitions and volumes, and what LVM says of them; a change brings all of them.',
    }),
    library: topic({
      access: 'read',
      state: z.object({ summaries: z.array(librarySummarySchema) }),
      change: librarySummarySchema,
      doc: 'What is known of the versions in each destination. After a change, ask for the versions anew.',
    }),
    runs: topic({
      access: 'read',
      state: z.object({ running: z.array(runSchema) }),
      change: runSchema,
      doc: 'Runs under way, and each once more when it has ended.',
    }),
    notices: topic({
      access: 'read',
      state: z.object({ notices: z.array(shownNoticeSchema) }),
      change: shownNoticeSchema,
      doc: 'What people at this computer should be told: failures, overdue jobs, damage, and that all is well again.',
    }),
    attachments: topic({
      access: 'read',
      state: z.object({ attachments: z.array(attachmentViewSchema) }),
      change: z.object({ attachments: z.array(attachmentViewSchema) }),
      doc: 'Versions whose files are looked at, and writable copies; a change brings all of them.',
    }),
    progress: topic({
      access: 'read',
      state: z.object({ running: z.array(runProgressSchema) }),
      change: runProgressSchema,
      doc: 'How far runs under way are.',
    }),
  },
})
export type HelperContract = typeof helperContract
