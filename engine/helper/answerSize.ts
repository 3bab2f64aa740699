/** A message between helper and client holds 1 MiB (rpc/frames.ts); so much of it for lists, with room for the rest. */
const answerBytes = 800_000

/** As many of the first items as fit into one answer; at least one, so that a reader gets on. */
export function fitting<T>(items: readonly T[], bytes: number = answerBytes): T[] {
  let left = bytes
  const end = items.findIndex((item, index) => {
    left -= Buffer.byteLength(JSON.stringify(item)) + 1
    return left < 0 && index > 0
  })
  return end === -1 ? [...items] : items.slice(0, end)
}
