import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../../engine/catalogue/database.ts'
import { KnownRepositories } from '../../../engine/catalogue/knownRepositories.ts'
import { stateMigrations } from '../../../engine/catalogue/migrations/index.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

describe('KnownRepositories', () => {
  it('remembers what was seen last at each place', () => {
    const db = openDatabase(join(folder.path, 'state.sqlite'), stateMigrations)
    const known = new KnownRepositories(db)
    expect(known.at('file:/a')).toBeUndefined()
    known.remember('file:/a', 'one', 1000)
    known.remember('file:/b', 'two', 2000)
    known.remember('file:/a', 'three', 3000)
    expect(known.at('file:/a')).toEqual({ id: 'three', lastSeenAt: 3000 })
    expect(known.at('file:/b')).toEqual({ id: 'two', lastSeenAt: 2000 })
    db.close()
  })
})
