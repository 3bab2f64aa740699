import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take a minute or more. */
const long = [
  ...['crashPoints', 'daemon', 'kills', 'killsOfSmallChanges', 'damageToPacks', 'damageToRecords'],
  ...['lvmRounds', 'lvmVersions', 'lvm', 'backup', 'targets'],
]

const isLong = ({ moduleId }: TestSpecification) => long.some(name => moduleId.endsWith(`/${name}.test.ts`))

/** Begins with the files that take longest; where several run at a time, the last one would else run on alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter(file => !isLong(file))]
  }
}
