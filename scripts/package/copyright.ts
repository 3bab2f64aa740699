import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { checkout, description, nodePackage, ownModules, readJson } from './runtime.ts'
import { entriesBelow } from './tree.ts'

/** Where the runtime is when it is installed, as paths in this kind of file begin. */
const installed = 'usr/lib/holdfast'

interface Part {
  files: string
  licence: string
  texts: string[]
}

/** The licences of everything in the runtime, in Debian's format (DEP 5), complete texts included. */
export function copyrightFile(): string {
  const { name, license } = description()
  const node: Part = {
    files: `${installed}/bin/node`,
    licence: 'Node.js',
    texts: [readFileSync(join(nodePackage, 'LICENSE'), 'utf8')],
  }
  const parts = [node, ...ownModules().map(partOf)]
  return [
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: ${name}`,
    `Files: *\nCopyright: the authors of Holdfast\nLicense: ${license}${indent(ownLicence)}`,
    ...parts.map(stanza),
  ]
    .join('\n\n')
    .concat('\n')
}

const ownLicence = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License
as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

On Debian systems, its text is in /usr/share/common-licenses/GPL-3.`

function partOf(path: string): Part {
  const folder = join(checkout, path)
  const texts = entriesBelow(folder)
    .filter(({ path: file, entry }) => entry.isFile() && /^(licen[cs]e|notice)\b/i.test(basename(file)))
    .map(({ path: file }) => readFileSync(join(folder, file), 'utf8'))
  return { files: `${installed}/${path}/*`, licence: readJson(join(folder, 'package.json')).license, texts }
}

/** Each package has its own wording and years, hence a licence of its own name. */
function stanza({ files, licence, texts }: Part): string {
  const holders = texts.join('\n').match(/^\W*copyright\b.*\d{4}.*$/gim) ?? []
  const said = [...new Set(holders.map(line => line.replace(/^\W*copyright\s*(\(c\)|©)?\s*/i, '').trim()))]
  const copyright = said.length > 0 ? said.join('\n  ') : 'its authors, see the licence'
  const id = `${licence}-${files.slice(installed.length + 1).replace(/^node_modules\/|\/\*$/g, '')}`.replaceAll(
    /[@/ ]+/g,
    '-',
  )
  return `Files: ${files}\nCopyright: ${copyright}\nLicense: ${id}${indent(texts.join('\n') || `${licence}, as its package says.`)}`
}

/** Lines of a text as they follow a field: indented, empty ones as a dot. */
const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map(line => `\n ${line.trim() === '' ? '.' : line.trimEnd()}`)
    .join('')
