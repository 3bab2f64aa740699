import { config } from 'zod'

/**
 * Pages may not make code out of text; zod would, to be faster, and be stopped by the content policy. It has to be told before the
 * first schema is made, so whoever starts a page imports this file before all others.
 */
config({ jitless: true })
