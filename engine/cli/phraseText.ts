/** A recovery phrase to be written down: numbered words in four columns, and what to do with them. Pure. */
export function phraseText(phrase: string): string {
  const words = phrase.split(' ')
  const rows = Math.ceil(words.length / 4)
  const lines = Array.from({ length: rows }, (_, row) =>
    words
      .flatMap((word, index) => (index % rows === row ? `${String(index + 1).padStart(4)}. ${word.padEnd(10)}` : []))
      .join('  ')
      .trimEnd(),
  )
  return `Its recovery phrase:

${lines.join('\n')}

Write these ${words.length} words down on paper, in this order, and keep them in a safe place
away from this computer. They open the repository like the passphrase: whoever
has the words and the drive can read everything. They are shown only now. Without
the passphrase and without these words, nobody can restore anything.
`
}
