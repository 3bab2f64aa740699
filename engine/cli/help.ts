/** Text below the options of a verb's help: notes, then examples, each with a line on what it does. */
export function helpNotes(examples: readonly (readonly [line: string, meaning: string])[], notes = ''): string {
  const lines = examples.map(([line, meaning]) => `  $ holdfast ${line}\n      ${meaning}\n`)
  const before = notes === '' ? '' : `\n${notes.trim()}\n`
  return `${before}\nExamples:\n${lines.join('').trimEnd()}`
}

/** How versions are named, for verbs that take some. */
export const versionNote = `
A version is named by its id, the beginning of its id that no other shares (at
least 2 digits), latest, NAME:latest, or NAME:latest~1 for the one before.`
