import { randomBytes as nodeRandomBytes, randomInt } from 'node:crypto'

/** Cryptographically strong random bytes. */
export const randomBytes = (length: number): Buffer => nodeRandomBytes(length)

/** `length` random bytes as lower-case hex (2 * length digits). */
export const randomHex = (length: number): string => nodeRandomBytes(length).toString('hex')

/** Uniform integer in [0, below). `below` up to 2^48. */
export const randomBelow = (below: number): number => randomInt(below)
