import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { HoldfastError } from '../engine/contract/errors.ts'

/** What a page may ask to keep as a file; the person says where. */
export const textFileSchema = z.strictObject({
  name: z.string().min(1).max(200),
  type: z.enum(['text/html', 'application/json', 'text/plain']),
  text: z.string().max(4_000_000),
})
export type TextFile = z.infer<typeof textFileSchema>

const endings = { 'text/html': 'html', 'application/json': 'json', 'text/plain': 'txt' } as const

export const endingOf = (type: TextFile['type']): string => endings[type]

/** A name to suggest: no folders, nothing that hides the file, and the ending of its type. Pure. */
export function suggestedName({ name, type }: Pick<TextFile, 'name' | 'type'>): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  const plain = name.replace(/[/\\\u0000-\u001f\u007f]/g, '-').replace(/^\.+/, '')
  const ending = `.${endingOf(type)}`
  const stem = plain.toLowerCase().endsWith(ending) ? plain.slice(0, -ending.length) : plain
  return `${stem === '' ? 'holdfast' : stem}${ending}`
}

/** Only its owner may read it: recovery sheets open the backup. */
export async function writeTextFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new HoldfastError('storage.failed', `${path} could not be written (${code}).`, {
      advice: 'Choose another folder.',
      details: { path },
    })
  }
}
