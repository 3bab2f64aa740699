import { type ErrorCode, HoldfastError } from '../contract/errors.ts'

/**
 * Exit codes of the command line, after sysexits.h; a stable contract that scripts rely on.
 */
export const exitCodes = {
  ok: 0,
  usage: 64,
  damagedData: 65,
  notFound: 66,
  internal: 70,
  exists: 73,
  inputOutput: 74,
  /** Locked or busy: the same command may succeed later. */
  busy: 75,
  /** Refused by a guard: protected, too young, wrong key, a disk that must not be written. */
  refused: 77,
  configuration: 78,
  /** 128 + SIGINT, as shells count it; also for SIGTERM. */
  cancelled: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What "holdfast check" ends with: monitors of the Nagios kind know these four. */
export type MonitorCode = 0 | 1 | 2 | 3

const { usage, damagedData, notFound, internal, exists, inputOutput, busy, refused, configuration, cancelled } =
  exitCodes

const byErrorCode: Record<ErrorCode, ExitCode> = {
  'usage.invalid': usage,
  'usage.policyInvalid': usage,
  'usage.filterInvalid': usage,
  'config.invalid': configuration,
  'config.notFound': notFound,
  'config.inUse': busy,
  'storage.unreachable': inputOutput,
  'storage.throttled': inputOutput,
  'storage.authFailed': inputOutput,
  'storage.full': inputOutput,
  'storage.objectNotFound': notFound,
  'storage.objectExists': exists,
  'storage.rangeInvalid': inputOutput,
  'storage.bucketNotFound': notFound,
  'storage.certificateInvalid': refused,
  'storage.clockSkewed': configuration,
  'storage.noObjectLock': configuration,
  'storage.deleteRefused': refused,
  'storage.hostKeyChanged': refused,
  'storage.hostKeyUnknown': refused,
  'storage.driveNotConnected': inputOutput,
  'storage.driveBusy': busy,
  'storage.readOnly': inputOutput,
  'storage.failed': inputOutput,
  'repository.notFound': notFound,
  'repository.alreadyExists': exists,
  'repository.locked': busy,
  'repository.lockLost': busy,
  'repository.wrongKey': refused,
  'repository.lastKey': refused,
  'repository.keyNotFound': notFound,
  'repository.formatTooNew': configuration,
  'repository.versionNotFound': notFound,
  'repository.versionAmbiguous': notFound,
  'repository.versionProtected': refused,
  'repository.versionTooYoung': refused,
  'repository.versionIncomplete': refused,
  'integrity.objectDamaged': damagedData,
  'integrity.objectMissing': damagedData,
  'integrity.blockDamaged': damagedData,
  'integrity.blockMissing': damagedData,
  'integrity.damageFound': damagedData,
  'source.notFound': notFound,
  // The command names something that cannot be backed up at all, such as a folder.
  'source.unsupported': usage,
  'source.readFailed': inputOutput,
  'source.incomplete': inputOutput,
  'source.hintsInvalid': damagedData,
  'source.inUse': refused,
  'source.noRoomForSnapshot': inputOutput,
  'source.snapshotInvalid': inputOutput,
  'target.notFound': notFound,
  'target.unsupported': usage,
  'target.exists': exists,
  'target.tooSmall': refused,
  'target.mounted': refused,
  'target.inUse': refused,
  'target.systemDisk': refused,
  'target.isSource': refused,
  'target.holdsRepository': refused,
  'target.readOnly': refused,
  'target.identityChanged': refused,
  'target.writeFailed': inputOutput,
  'target.full': inputOutput,
  'target.verifyFailed': inputOutput,
  'files.notFound': notFound,
  'files.volumeNotFound': notFound,
  // Like a wrong key: a person has to enter the secret.
  'files.locked': refused,
  'files.wrongPassphrase': refused,
  'files.unsupported': configuration,
  'files.damaged': damagedData,
  'files.mountPointNotFound': notFound,
  'files.mountPointNotEmpty': configuration,
  'files.notMounted': notFound,
  'files.busy': busy,
  'files.copyFailed': inputOutput,
  'access.denied': refused,
  'helper.unreachable': inputOutput,
  'helper.busy': busy,
  'helper.incompatible': configuration,
  'helper.untrusted': refused,
  'helper.alreadyRunning': busy,
  // Like a wrong key: a person has to enter the secret.
  'secrets.unavailable': refused,
  // The person's own guard said no.
  'hook.failed': refused,
  'run.cancelled': cancelled,
  'run.interrupted': busy,
  'internal.bug': internal,
}

/** The exit code for whatever a command failed with; 70 for anything that is no HoldfastError. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof HoldfastError ? byErrorCode[error.code] : internal
}
