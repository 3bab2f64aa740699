/**
 * The one error class of Holdfast and the closed list of its codes.
 *
 * Drivers translate foreign errors into these at their edge. Layers in between let them pass. Only the command line
 * (exitCodes.ts) and the screens turn a code into consequences.
 */
export const errorCodes = [
  'usage.invalid',
  'usage.policyInvalid',
  'usage.filterInvalid',
  'config.invalid',
  'config.notFound',
  'config.inUse',
  'storage.unreachable',
  'storage.throttled',
  'storage.authFailed',
  'storage.full',
  'storage.objectNotFound',
  'storage.objectExists',
  'storage.rangeInvalid',
  'storage.bucketNotFound',
  'storage.certificateInvalid',
  'storage.clockSkewed',
  'storage.noObjectLock',
  'storage.deleteRefused',
  'storage.hostKeyChanged',
  'storage.hostKeyUnknown',
  'storage.driveNotConnected',
  'storage.driveBusy',
  'storage.readOnly',
  'storage.failed',
  'repository.notFound',
  'repository.alreadyExists',
  'repository.locked',
  'repository.lockLost',
  'repository.wrongKey',
  'repository.lastKey',
  'repository.keyNotFound',
  'repository.formatTooNew',
  'repository.versionNotFound',
  'repository.versionAmbiguous',
  'repository.versionProtected',
  'repository.versionTooYoung',
  'repository.versionIncomplete',
  'integrity.objectDamaged',
  'integrity.objectMissing',
  'integrity.blockDamaged',
  'integrity.blockMissing',
  'integrity.damageFound',
  'source.notFound',
  'source.unsupported',
  'source.readFailed',
  'source.incomplete',
  'source.hintsInvalid',
  'source.inUse',
  'source.noRoomForSnapshot',
  'source.snapshotInvalid',
  'target.notFound',
  'target.unsupported',
  'target.exists',
  'target.tooSmall',
  'target.mounted',
  'target.inUse',
  'target.systemDisk',
  'target.isSource',
  'target.holdsRepository',
  'target.readOnly',
  'target.identityChanged',
  'target.writeFailed',
  'target.full',
  'target.verifyFailed',
  'files.notFound',
  'files.volumeNotFound',
  'files.locked',
  'files.wrongPassphrase',
  'files.unsupported',
  'files.damaged',
  'files.mountPointNotFound',
  'files.mountPointNotEmpty',
  'files.notMounted',
  'files.busy',
  'files.copyFailed',
  'access.denied',
  'helper.unreachable',
  'helper.busy',
  'helper.incompatible',
  'helper.untrusted',
  'helper.alreadyRunning',
  'secrets.unavailable',
  'hook.failed',
  'run.cancelled',
  'run.interrupted',
  'internal.bug',
] as const

export type ErrorCode = (typeof errorCodes)[number]

export interface ErrorOptions {
  /** What the person can do now; one sentence, imperative. */
  advice?: string
  /** Facts for machines: paths, sizes, ids. Never secrets. */
  details?: Record<string, unknown>
  /** True when the same call may succeed later without anybody changing anything. */
  retryable?: boolean
  cause?: unknown
}

/** Plain form of an error, as it crosses a process boundary or is printed with --json. */
export interface WireError {
  code: ErrorCode
  message: string
  advice?: string
  details?: Record<string, unknown>
  retryable: boolean
}

/**
 * An expected failure. `message` says what happened and to what; `advice` says what to do now.
 */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly advice: string | undefined
  readonly details: Record<string, unknown>
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.advice = options.advice
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.advice === undefined ? {} : { advice: this.advice }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      retryable: this.retryable,
    }
  }

  static fromWire(wire: WireError): HoldfastError {
    return new HoldfastError(wire.code, wire.message, {
      ...(wire.advice === undefined ? {} : { advice: wire.advice }),
      ...(wire.details === undefined ? {} : { details: wire.details }),
      retryable: wire.retryable,
    })
  }
}

/** True when `error` is a HoldfastError with one of `codes` (any code when none is given). */
export function isHoldfastError(error: unknown, ...codes: ErrorCode[]): error is HoldfastError {
  return error instanceof HoldfastError && (codes.length === 0 || codes.includes(error.code))
}

/** The error that an aborted operation ends with. */
export function cancelled(what = 'The operation'): HoldfastError {
  return new HoldfastError('run.cancelled', `${what} was cancelled.`, {
    advice: 'Nothing that was already stored is lost; start it again to go on.',
  })
}

/** Throws `run.cancelled` when the signal has fired. Cheap enough for inner loops over chunks. */
export function throwIfAborted(signal: AbortSignal | undefined, what?: string): void {
  if (signal?.aborted) throw cancelled(what)
}
