/** What comes over the DevTools protocol or from the tested program, before anybody has looked at it. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is that of other programs, and a wrong guess fails a test at once
export type Loose = any
