import { createHash } from 'node:crypto'
import { HoldfastError } from '../contract/errors.ts'
import { qrSvg } from './qrSvg.ts'
import { paperStyle, recoverySheetStyle } from './recoverySheetStyle.ts'
import { dateText, displayText, escapeHtml, folderOf, placeWithoutSecrets, shellWord } from './sheetText.ts'

export interface RecoveryFacts {
  /** What the person calls the repository. */
  repositoryName: string
  repositoryId: string
  /** Where it is. Passwords in it are not printed. */
  url: string
  /** The drive that it is on. */
  drive?: { label?: string; serial?: string }
  /** Of a place elsewhere: what lets one in, and is not on the sheet; a noun phrase without secrets. */
  login?: string
  /** ISO 8601. */
  createdAt: string
  computerName: string
  /** The recovery phrase, 24 words. Left out when it is not known any more, or not wanted on paper; the sheet says so. */
  phrase?: string
  /** Also puts the words into a QR code, for those who want to scan and not type them. Without `phrase` it means nothing. */
  phraseAsQr?: boolean
  /** Milliseconds since 1970 UTC. */
  printedAt: number
  /** Paper to lay out for; that of the printer unless given. The sheet fits on one page of either. */
  paper?: 'A4' | 'Letter'
}

/** More than this of a name is left out in the middle, so that everything fits on one page. */
const longestName = 44
const longestPlace = 180
const longestLogin = 140
/** Quoting makes some places longer. */
const longestCommand = 220
/** With more characters than this, the facts about the repository are set smaller. */
const denseFrom = 250
/** Bytes; a denser QR code could not be scanned from paper. */
const longestScannedPlace = 250

/**
 * A page to print and keep: what the repository is and where, the recovery phrase, and how to get the data back without this
 * computer. One HTML document that loads nothing and runs nothing (a content security policy sees to that), black on white, and
 * one page of A4 or Letter long.
 *
 * With the phrase in it, the text is as secret as the phrase: keep it in memory, show or print it, and write it to no disk.
 * usage.invalid when the phrase does not have 24 words.
 */
export function recoverySheet(facts: RecoveryFacts): string {
  const words = facts.phrase === undefined ? undefined : wordsOf(facts.phrase)
  const name = displayText(facts.repositoryName, longestName) || 'Unnamed'
  // The hash covers exactly what is between the tags.
  const style = recoverySheetStyle + (facts.paper ? paperStyle[facts.paper] : '')
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="only light">
<title>Recovery sheet: ${escapeHtml(name)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>Holdfast recovery sheet</h1><p class="date">Printed ${dateText(facts.printedAt)}</p></header>
<p class="warning">${warning(words)}</p>
${aboutRepository(facts, name)}
${aboutPhrase(words, facts.phraseAsQr === true)}
${howToRestore(facts, words !== undefined)}
<section class="notes"><h2>Notes by hand (where the drive is kept, whom to ask)</h2><div class="lines"><div>${'<p></p>'.repeat(32)}</div></div></section>
</body>
</html>
`
}

/** What the QR code of the repository says. */
export function repositoryPayload(facts: Pick<RecoveryFacts, 'repositoryId' | 'url'>): string {
  const place = placeWithoutSecrets(facts.url)
  const lines = ['Holdfast repository', `id: ${facts.repositoryId}`]
  return [...lines, ...(Buffer.byteLength(place) <= longestScannedPlace ? [`place: ${place}`] : [])].join('\n')
}

function wordsOf(phrase: string): string[] {
  const words = phrase.trim().toLowerCase().split(/\s+/)
  if (words.length === 24 && words.every(word => /^[a-z]{1,12}$/.test(word))) return words
  throw new HoldfastError('usage.invalid', 'The recovery phrase for the recovery sheet is not 24 words.', {
    advice: 'Give all words in their order, or make the sheet without them.',
  })
}

function warning(words: readonly string[] | undefined): string {
  return words
    ? '<strong>Keep this sheet safe, away from this computer and from the backup.</strong> Whoever has these words and the ' +
        'backup can read everything in it. Without them and without the passphrase, nobody can restore anything.'
    : '<strong>This sheet alone opens nothing: the recovery phrase is not on it.</strong> Write down below where to find it ' +
        'or the passphrase, but not both next to the backup. Without one of them, nobody can restore anything.'
}

function aboutRepository(facts: RecoveryFacts, name: string): string {
  const { drive } = facts
  const place = displayText(placeWithoutSecrets(facts.url), longestPlace)
  const driveText = [
    drive?.label ? `“${displayText(drive.label, longestName)}”` : '',
    drive?.serial ? `serial number ${displayText(drive.serial, longestName)}` : '',
  ].filter(text => text !== '')
  const rows: [string, string, string?][] = [
    ['Repository', name, 'name'],
    ['Id', displayText(facts.repositoryId, longestName)],
    [place.includes('…') ? 'Place (shortened)' : 'Place', place],
    ...(driveText.length > 0 ? ([['Drive', driveText.join(', ')]] as [string, string][]) : []),
    ['Created', dateText(facts.createdAt)],
    ['Computer', displayText(facts.computerName, longestName)],
  ]
  const isDense = rows.reduce((length, [, text]) => length + text.length, 0) > denseFrom
  const list = rows.map(([term, text, style]) => {
    const marked = style === undefined ? '' : ` class="${style}"`
    return `<dt>${term}</dt><dd${marked}><bdi>${escapeHtml(text)}</bdi></dd>`
  })
  const code = qrSvg(repositoryPayload(facts), 'QR code of the id and place of the repository')
  return `<section class="beside"><dl${isDense ? ' class="dense"' : ''}>${list.join('')}</dl>
<figure>${code}<figcaption>Id and place, no secret</figcaption></figure></section>`
}

function aboutPhrase(words: readonly string[] | undefined, asQr: boolean): string {
  if (!words) {
    return `<section class="phrase"><h2>Recovery phrase</h2><p>The 24 words are not printed here: Holdfast shows them once, \
when it makes them, and does not keep them. If they are lost, make new ones while you still have the passphrase: \
<code>holdfast key recovery</code></p></section>`
  }
  const items = words.map((word, index) => `<li><span>${index + 1}</span><bdi>${escapeHtml(word)}</bdi></li>`)
  const code = asQr
    ? `\n<figure>${qrSvg(words.join(' '), 'QR code of the 24 words')}<figcaption><strong>The 24 words: a secret</strong></figcaption></figure>`
    : ''
  return `<section class="phrase"><h2>Recovery phrase: 24 words, in this order</h2>
<div class="beside"><ol class="words">${items.join('')}</ol>${code}</div></section>`
}

function howToRestore(facts: RecoveryFacts, hasWords: boolean): string {
  const folder = folderOf(facts.url)
  const place = folder ?? placeWithoutSecrets(facts.url)
  const quoted = shellWord(place)
  const placeWord = quoted.length <= longestCommand ? quoted : "'THE PLACE'"
  const label = facts.drive?.label ? ` “<bdi>${escapeHtml(displayText(facts.drive.label, longestName))}</bdi>”` : ''
  const secret = hasWords ? 'type the 24 words when it asks for the passphrase' : 'type the passphrase or the 24 words'
  const readerPlace = folder === undefined ? 'FOLDER' : '"$HOLDFAST_REPO"'
  const command = (...lines: string[]) => lines.map(line => `<code>${escapeHtml(line)}</code>`).join('')
  const steps = [
    'Take another computer with Linux, and install Holdfast on it or fetch its source.',
    folder === undefined
      ? `Have ${escapeHtml(displayText(facts.login ?? 'the login for the place above', longestLogin))} at hand; it is not on this sheet.`
      : `Connect the drive${label}. If its folder has another name on that computer than above, write that one in step 3.`,
    `In a terminal, as root (<code class="inline">sudo -i</code>), see what there is, and ${secret}:${command(
      `export HOLDFAST_REPO=${placeWord}`,
      'holdfast versions',
    )}`,
    `Restore a version (its id is in the list) to a new file, or to a whole disk, whose content is then lost:${command(
      'holdfast restore VERSION disk.img',
      'holdfast restore VERSION /dev/sdX',
    )}`,
    `Without Holdfast: Node.js 24.7 or newer, the single file <code class="inline">tools/read-repository.mjs</code> of its \
source, ${folder === undefined ? 'a copy of the repository in a folder, ' : ''}and the words or the passphrase in a file \
<code class="inline">words.txt</code>:${command(
      `node read-repository.mjs ${readerPlace} list --passphrase-file words.txt`,
      `node read-repository.mjs ${readerPlace} restore VERSION disk.img --passphrase-file words.txt`,
    )}`,
  ]
  return `<section><h2>How to restore on another computer</h2>
<ol class="steps">${steps.map(step => `<li>${step}</li>`).join('\n')}</ol></section>`
}
