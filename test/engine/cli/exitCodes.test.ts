import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../engine/cli/exitCodes.ts'
import { type ErrorCode, errorCodes, HoldfastError } from '../../../engine/contract/errors.ts'

const codeFor = (code: ErrorCode) => exitCodeOf(new HoldfastError(code, 'It happened.'))

/** The documented contract, written down a second time on purpose. */
const contract: Record<number, ErrorCode[]> = {
  64: ['usage.invalid', 'usage.policyInvalid', 'usage.filterInvalid'],
  65: ['source.hintsInvalid', 'integrity.objectDamaged', 'integrity.blockMissing', 'integrity.damageFound'],
  66: ['repository.notFound', 'repository.versionNotFound', 'repository.versionAmbiguous', 'repository.keyNotFound'],
  70: ['internal.bug'],
  73: ['target.exists', 'repository.alreadyExists', 'storage.objectExists'],
  74: ['storage.failed', 'storage.full', 'storage.driveNotConnected', 'source.readFailed', 'target.writeFailed'],
  75: ['repository.locked', 'repository.lockLost'],
  77: ['repository.wrongKey', 'repository.versionProtected', 'repository.versionTooYoung', 'target.mounted'],
  78: ['repository.formatTooNew', 'config.invalid'],
  130: ['run.cancelled'],
}

describe('exit codes', () => {
  test.each(errorCodes)('%s has an exit code of sysexits, or 130', code => {
    expect([64, 65, 66, 70, 73, 74, 75, 77, 78, 130]).toContain(codeFor(code))
  })

  test.each(Object.entries(contract))('%s is what the contract promises', (exitCode, codes) => {
    expect(codes.map(codeFor)).toEqual(codes.map(() => Number(exitCode)))
  })

  test('every refusal to write to a target that nothing can override is 77', () => {
    const guards: ErrorCode[] = [
      'target.tooSmall',
      'target.mounted',
      'target.inUse',
      'target.systemDisk',
      'target.isSource',
      'target.holdsRepository',
      'target.readOnly',
      'target.identityChanged',
    ]
    expect(new Set(guards.map(codeFor))).toEqual(new Set([77]))
  })

  test('whatever is no HoldfastError is a bug', () => {
    expect([exitCodeOf(new TypeError('x')), exitCodeOf('text'), exitCodeOf(undefined)]).toEqual([70, 70, 70])
  })
})
