/**
 * Numbered steps of the catalogue's schema. Never change one that was released: add the next. Since a catalogue is a cache,
 * a step may also simply drop what it cannot carry over.
 */
export const repositoryMigrations: readonly string[] = [
  // 1: block index and decoded records of one repository
  `
  CREATE TABLE segments (
    id TEXT PRIMARY KEY
  ) WITHOUT ROWID;
  CREATE TABLE superseded (
    segment TEXT NOT NULL,
    by_segment TEXT NOT NULL,
    PRIMARY KEY (segment, by_segment)
  ) WITHOUT ROWID;
  CREATE INDEX superseded_by ON superseded (by_segment);
  -- Numbers are never given out again: other processes may remember what they meant.
  CREATE TABLE packs (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    block_count INTEGER NOT NULL,
    state INTEGER NOT NULL
  );
  CREATE TABLE segment_packs (
    segment TEXT NOT NULL,
    pack INTEGER NOT NULL,
    PRIMARY KEY (segment, pack)
  ) WITHOUT ROWID;
  CREATE INDEX segment_packs_by_pack ON segment_packs (pack);
  CREATE TABLE blocks (
    id BLOB NOT NULL,
    pack INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    compression INTEGER NOT NULL,
    frame_offset INTEGER NOT NULL,
    frame_stored_bytes INTEGER NOT NULL,
    frame_plain_bytes INTEGER NOT NULL,
    start INTEGER NOT NULL,
    plain_bytes INTEGER NOT NULL,
    damaged INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, pack)
  ) WITHOUT ROWID;
  CREATE TABLE damage (
    block BLOB NOT NULL,
    pack TEXT NOT NULL,
    PRIMARY KEY (block, pack)
  ) WITHOUT ROWID;
  CREATE TABLE records (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  // 2: what each pack holds, in one value; what was taken in before is read again
  `
  CREATE TABLE pack_contents (
    pack INTEGER PRIMARY KEY,
    frames BLOB NOT NULL
  );
  DELETE FROM segments;
  DELETE FROM superseded;
  DELETE FROM segment_packs;
  DELETE FROM blocks;
  DELETE FROM packs;
  `,
  // 3: until when objects are locked against removal
  `
  CREATE TABLE object_locks (
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (place, name)
  ) WITHOUT ROWID;
  `,
]

export const stateMigrations: readonly string[] = [
  // 1: repositories seen from this computer
  `
  CREATE TABLE repositories (
    url TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    last_seen_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
]
