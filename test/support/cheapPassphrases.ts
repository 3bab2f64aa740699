import { argon2Cost } from '../../engine/repository/keySlots.ts'

/**
 * Imported by tests that are not about keys: passphrases of repositories that this process makes cost next to nothing to try,
 * here and for the programs under test, which read the cost from the key slot.
 */
Object.assign(argon2Cost, { memoryKiB: 256, passes: 1 })
