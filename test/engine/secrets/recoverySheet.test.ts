import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { encode } from 'uqr'
import { describe, expect, test } from 'vitest'
import { type RecoveryFacts, recoverySheet, repositoryPayload } from '../../../engine/secrets/recoverySheet.ts'
import { noChromium, photographPage, printPage } from '../../support/chromium.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

const phrase =
  'zoo ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid ' +
  'acoustic acquire across zebra action actor actress zone'
const facts: RecoveryFacts = {
  repositoryName: 'Photos',
  repositoryId: '8f3a0c5d9b7e4f21a6c8d0e1f2a3b4c5',
  url: '/media/anna/BACKUP 2TB/holdfast',
  drive: { label: 'BACKUP 2TB', serial: 'WD-WX71A48K1234' },
  createdAt: '2026-03-01T10:00:00.000Z',
  computerName: 'anna-desktop',
  phrase,
  printedAt: Date.UTC(2026, 2, 4),
}
const { phrase: _, ...withoutPhrase } = facts

const entities = (text: string) => text.replace(/&#(\d+);/g, (_match, code) => String.fromCharCode(Number(code)))
/** What a reader sees, without marks and style. */
const textOf = (html: string) =>
  entities(html.replace(/<(style|svg).*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ')
const commandsOf = (html: string) => [...html.matchAll(/<code>(.*?)<\/code>/g)].map(match => entities(match[1]!))

/** The modules of every QR code in a page, read from the shapes. */
function codesOf(html: string): { label: string; modules: boolean[][] }[] {
  return [
    ...html.matchAll(/<svg class="qr" viewBox="0 0 (\d+) \1" role="img" aria-label="([^"]*)".*?d="([^"]*)"/g),
  ].map(([, size, label, path]) => {
    const modules = Array.from({ length: Number(size) }, () => Array<boolean>(Number(size)).fill(false))
    for (const [, x, y, length] of path!.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
      modules[Number(y)]!.fill(true, Number(x), Number(x) + Number(length))
    }
    return { label: label!, modules }
  })
}

describe('the recovery sheet', () => {
  test('says what the repository is, where, since when and of which computer', () => {
    expect(textOf(recoverySheet(facts))).toMatch(
      /Printed 2026-03-04.*Repository Photos Id 8f3a0c5d9b7e4f21a6c8d0e1f2a3b4c5 Place \/media\/anna\/BACKUP 2TB\/holdfast Drive “BACKUP 2TB”, serial number WD-WX71A48K1234 Created 2026-03-01 Computer anna-desktop/,
    )
  })

  test('has the 24 words, numbered, in their order', () => {
    const items = [...recoverySheet(facts).matchAll(/<li><span>(\d+)<\/span><bdi>([a-z]+)<\/bdi><\/li>/g)]
    expect(items.map(([, number, word]) => `${number} ${word}`)).toEqual(
      phrase.split(' ').map((word, index) => `${index + 1} ${word}`),
    )
  })

  test('has no word of the phrase and says so when it is made without it', () => {
    const html = recoverySheet({ ...withoutPhrase, phraseAsQr: true })
    expect(html).not.toMatch(/zoo|zebra|zone|class="words"/)
    expect(textOf(html)).toContain('The 24 words are not printed here')
    expect(commandsOf(html)).toContain('holdfast key recovery')
    expect(codesOf(html)).toHaveLength(1)
  })

  test('has a code of the id and place, with the modules that uqr makes of them', () => {
    const [code, ...others] = codesOf(recoverySheet(facts))
    const payload = `Holdfast repository\nid: ${facts.repositoryId}\nplace: ${facts.url}`
    expect(repositoryPayload(facts)).toBe(payload)
    expect(code?.modules).toEqual(encode(payload, { ecc: 'M', border: 4 }).data)
    expect(others).toEqual([])
  })

  test('has a code of the words only when the person chose that', () => {
    const codes = codesOf(recoverySheet({ ...facts, phraseAsQr: true }))
    expect(codes.map(({ label }) => label)).toEqual([
      'QR code of the id and place of the repository',
      'QR code of the 24 words',
    ])
    expect(codes[1]?.modules).toEqual(encode(phrase, { ecc: 'M', border: 4 }).data)
  })

  test('has the words as they are typed in, however they were given', () => {
    const shouted = `  ${phrase.toUpperCase().replaceAll(' ', '\n')} `
    expect(recoverySheet({ ...facts, phrase: shouted })).toBe(recoverySheet(facts))
  })

  test('is refused for a phrase that is not 24 words, without repeating it', () => {
    for (const wrong of ['', 'hunter2 secret', `${phrase} extra`, phrase.replace('zoo', 'zo0')]) {
      const make = () => recoverySheet({ ...facts, phrase: wrong })
      expect(make).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
      expect(make).not.toThrow(/hunter2|zebra/)
    }
  })

  test('says how to restore, with commands that can be typed as they are', () => {
    expect(commandsOf(recoverySheet(facts))).toEqual([
      "export HOLDFAST_REPO='/media/anna/BACKUP 2TB/holdfast'",
      'holdfast versions',
      'holdfast restore VERSION disk.img',
      'holdfast restore VERSION /dev/sdX',
      'node read-repository.mjs "$HOLDFAST_REPO" list --passphrase-file words.txt',
      'node read-repository.mjs "$HOLDFAST_REPO" restore VERSION disk.img --passphrase-file words.txt',
    ])
    expect(commandsOf(recoverySheet({ ...facts, url: 'file:///media/it%27s;rm%20-rf/x' }))[0]).toBe(
      "export HOLDFAST_REPO='/media/it'\\''s;rm -rf/x'",
    )
  })

  test('has the reader read a copy when the repository is on no drive', () => {
    const html = recoverySheet({ ...withoutPhrase, url: 's3://backups.example/anna' })
    expect(commandsOf(html)).toContain('node read-repository.mjs FOLDER list --passphrase-file words.txt')
    expect(textOf(html)).toContain('a copy of the repository in a folder')
  })

  test.each([
    ['sftp://anna:hunter2@nas.example:22/pool', 'sftp://anna@nas.example:22/pool'],
    ['sftp://anna:hun/ter2@nas.example/pool', 'sftp://anna@nas.example/pool'],
    ['sftp://anna:hun#te?r2@x@nas.example/pool', 'sftp://anna@nas.example/pool'],
    ['s3://AKIA:hunter2@host/b?region=eu&secretKey=hunter2&X-Amz-Signature=hunter2', 's3://AKIA@host/b?region=eu'],
    ['b2:bucket/path?applicationKey=hunter2#hunter2', 'b2:bucket/path'],
    ['/media/anna:backup@home/#1?', '/media/anna:backup@home/#1?'],
  ])('shows the place %s without its secrets', (url, shown) => {
    const html = recoverySheet({ ...facts, url })
    expect(textOf(html)).toContain(`Place ${shown} Drive`)
    expect(html).not.toContain('hunter2')
    expect(html).not.toMatch(/hun[#/]/)
    expect(repositoryPayload({ ...facts, url })).toContain(`place: ${shown}`)
  })

  test('shows every text as text, whatever is in it', () => {
    const nasty = "\"><script>alert(1)</script><img src=x onerror='y'>&amp;"
    const html = recoverySheet({
      ...facts,
      repositoryName: nasty,
      repositoryId: nasty,
      url: nasty,
      drive: { label: nasty, serial: nasty },
      createdAt: nasty,
      computerName: nasty,
    })
    expect(html).not.toMatch(/<script|<img|onerror='/)
    expect(textOf(html)).toContain(`Place ${nasty}`)
    expect(textOf(html)).toContain('Created unknown')
  })

  test('has the same marks whatever the names are', () => {
    const marks = (html: string) => html.match(/<\/?[a-z0-9]+(?= |>)/g)
    const expected = marks(recoverySheet(facts))
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), text => {
        const name = `x${text}`
        const odd = { ...facts, repositoryName: name, drive: { label: name, serial: name }, computerName: name }
        expect(marks(recoverySheet({ ...odd, url: `/${text}` }))).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  test('shows what could turn or break lines as a replacement character', () => {
    expect(textOf(recoverySheet({ ...facts, computerName: 'a\u202Eb\u0007c\nd' }))).toContain(
      'Computer a\ufffdb\ufffdc d',
    )
  })

  test('loads and runs nothing, and has a policy that says so', () => {
    const html = recoverySheet({ ...facts, phraseAsQr: true, paper: 'A4' })
    expect(html).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import|\bstyle=|\bon[a-z]+=/i)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]
    const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`)
  })
})

describe('the recovery sheet in Chromium', { timeout: 120_000 }, () => {
  const wide = 'W'.repeat(500)
  const longNames: Partial<RecoveryFacts> = {
    repositoryName: wide,
    drive: { label: wide, serial: wide },
    computerName: wide,
    phraseAsQr: true,
  }
  const sheets: [string, RecoveryFacts][] = [
    ['with everything', { ...facts, phraseAsQr: true }],
    ['without the phrase', withoutPhrase],
    [
      'with the longest names and the longest place that is shown',
      { ...facts, ...longNames, url: `/${wide.slice(0, 179)}` },
    ],
    ['with a place that is too long to be shown', { ...facts, ...longNames, url: `s3:${wide}` }],
    ['with a place full of quotes', { ...facts, ...longNames, url: `/${"'".repeat(54)}` }],
    ['with wide letters', { ...facts, ...longNames, repositoryName: '漢'.repeat(99), url: `/${'漢'.repeat(179)}` }],
  ]
  const papers = [
    ['A4', 595, 842],
    ['Letter', 612, 792],
  ] as const

  test.for(sheets)('fits on one page of A4 and of Letter %s', ([, sheet], context) => {
    if (noChromium) return context.skip(noChromium)
    for (const [paper, width, height] of papers) {
      const printed = printPage(recoverySheet({ ...sheet, paper }), folder.path)
      expect({ paper, pages: printed.pages }).toEqual({ paper, pages: 1 })
      expect([Math.round(printed.widthPoints), Math.round(printed.heightPoints)]).toEqual([width, height])
    }
  })

  test('is black on white when the desktop is dark', context => {
    if (noChromium) return context.skip(noChromium)
    const looksTheSame = (html: string) =>
      photographPage(html, folder.path, 'dark').equals(photographPage(html, folder.path, 'light'))
    expect(looksTheSame('<!doctype html><p>An ordinary page</p>')).toBe(false)
    expect(looksTheSame(recoverySheet({ ...facts, phraseAsQr: true }))).toBe(true)
  })
})
