import { doubt } from './doubt.ts'

/** What blkid(8) found when it looked at the bytes themselves, as its `-o export` prints it: a line for each fact. */
export function parseProbe(text: string): string {
  const facts = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1))
  }
  // A partition table beside a file system: one of the two is a left-over, and nobody can say which.
  if (facts.has('PTTYPE')) doubt('it holds a partition table')
  if (facts.has('SBBADCSUM')) doubt('the checksum of its superblock is wrong')
  const type = facts.get('TYPE')
  if (type === undefined || type === '') return doubt('it holds no file system that is known')
  return type
}
