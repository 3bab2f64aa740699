import { doubt } from './doubt.ts'

/**
 * What blkid(8) found when it looked at the bytes themselves, as its `-o export` prints it: a line for each fact. 'partitions' when it
 * is a partition table and nothing else. Of a partition that the kernel has at `place` (bytes), the table on the disk must say the same.
 */
export function parseProbe(text: string, place?: { offset: number; sizeBytes: number }): string {
  const facts = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1))
  }
  // Counted in 512 bytes, whatever the sectors of the disk.
  const tells = (fact: string, bytes: number) => Number(facts.get(fact)) * 512 === bytes
  if (place && !(tells('PART_ENTRY_OFFSET', place.offset) && tells('PART_ENTRY_SIZE', place.sizeBytes))) {
    doubt('the kernel knows it by another partition table')
  }
  if (facts.has('SBBADCSUM')) doubt('the checksum of its superblock is wrong')
  const type = facts.get('TYPE')
  if (facts.has('PTTYPE')) {
    // One of the two is a left-over, and nobody can say which.
    if (type !== undefined) doubt('it holds a partition table beside a file system')
    return 'partitions'
  }
  if (type === undefined || type === '') return doubt('it holds no file system that is known')
  return type
}
