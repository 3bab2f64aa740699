import { createHash, timingSafeEqual } from 'node:crypto'
import { randomBytes } from '../base/random.ts'

/** What a browser proves itself with once it has a session. */
export interface SessionProof {
  /** Out of the cookie. */
  cookie?: string | undefined
  /** Out of the storage of the page. */
  key?: string | undefined
}

/**
 * Who may use the app. A token lets one browser in, once; it then has a cookie and a key. The cookie alone is not enough:
 * browsers send it to every port of this computer, so a program of another user may get to see it. The key alone is not either:
 * scripts can read it.
 */
export class Session {
  /** For the address that is shown to the person; 256 random bits. */
  readonly token = secret()
  readonly #cookie = secret()
  readonly #key = secret()
  #isUsed = false

  /** What the browser is to keep; undefined for a wrong token and for one that was used before. */
  exchange(token: unknown): Required<SessionProof> | undefined {
    if (this.#isUsed || typeof token !== 'string' || !isSame(token, this.token)) return undefined
    this.#isUsed = true
    return { cookie: this.#cookie, key: this.#key }
  }

  isProved({ cookie, key }: SessionProof): boolean {
    if (cookie === undefined || key === undefined) return false
    // Both in any case, so that the time tells nothing.
    const [cookieFits, keyFits] = [isSame(cookie, this.#cookie), isSame(key, this.#key)]
    return cookieFits && keyFits
  }
}

const secret = () => randomBytes(32).toString('base64url')

/** Compares digests, so that neither time nor length tell anything. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
