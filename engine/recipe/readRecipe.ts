import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { type ExtractedRecipe, machineRecipeSchema, type ShownRecipe } from '../contract/recipe.ts'
import { type ArchiveEntry, listArchive, type ReadArchive, readEntry } from './archive.ts'
import { mostShownBytes, shownName } from './gatherer.ts'

/** What can be shown of a recipe; reads no LUKS header. Damage to it (integrity.*) is a part of the answer. */
export async function showRecipe(read: ReadArchive, sizeBytes: number): Promise<ShownRecipe> {
  const shown: ShownRecipe = { sizeBytes, files: [], content: null, problem: null }
  try {
    const entries = await listArchive(read, sizeBytes)
    shown.files = entries.map(({ name, sizeBytes: bytes }) => ({ name, sizeBytes: bytes }))
    shown.content = await contentOf(read, entries)
    if (shown.content === null) shown.problem = 'It was written by another version of Holdfast; its files can be had.'
  } catch (error) {
    if (!isHoldfastError(error) || !error.code.startsWith('integrity.')) throw error
    shown.problem = `It is damaged: ${error.message}`
  }
  return shown
}

async function contentOf(read: ReadArchive, entries: readonly ArchiveEntry[]): Promise<ShownRecipe['content']> {
  const entry = entries.find(({ name, sizeBytes }) => name === shownName && sizeBytes <= mostShownBytes)
  if (!entry) return null
  const pieces: Uint8Array[] = []
  for await (const piece of readEntry(read, entry)) pieces.push(piece)
  try {
    return machineRecipeSchema.safeParse(JSON.parse(Buffer.concat(pieces).toString('utf8'))).data ?? null
  } catch {
    return null
  }
}

/**
 * Writes the files of a recipe, readable by their owner alone, below a folder that is made or is empty (usage.invalid
 * otherwise). Stops at the first that is damaged, with integrity.*; those before it are whole.
 */
export async function extractRecipe(read: ReadArchive, sizeBytes: number, folder: string): Promise<ExtractedRecipe> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) {
    throw new HoldfastError('usage.invalid', `The folder ${folder} is not empty.`, {
      advice: 'Name a folder that is empty or does not exist.',
      details: { folder },
    })
  }
  const entries = await listArchive(read, sizeBytes)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    try {
      await writeEntry(file, read, entry)
    } finally {
      await file.close()
    }
  }
  return { folder, files: entries.map(({ name, sizeBytes: bytes }) => ({ name, sizeBytes: bytes })) }
}

async function writeEntry(file: FileHandle, read: ReadArchive, entry: ArchiveEntry): Promise<void> {
  for await (const piece of readEntry(read, entry)) await file.writeFile(piece)
  await file.sync()
}
