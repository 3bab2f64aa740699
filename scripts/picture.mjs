// Draws the text on standard input as a terminal window, for README.md:
//   ./bin/holdfast demo | node scripts/picture.mjs > assets/demo.svg
import { readFileSync } from 'node:fs'

const lineHeight = 19
const charWidth = 8.43
const padding = 22
const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const lines = readFileSync(0, 'utf8').trim().split('\n')
const width = Math.ceil(Math.max(...lines.map(line => line.length)) * charWidth + 2 * padding)
const height = lines.length * lineHeight + 2 * padding + 28
const classOf = line => (/^\d+\. /.test(line) ? 'step' : /identical/.test(line) ? 'good' : 'text')
const rows = lines.map((line, i) => {
  const y = padding + 28 + (i + 0.8) * lineHeight
  return `  <text class="${classOf(line)}" x="${padding}" y="${y.toFixed(1)}" xml:space="preserve">${escaped(line)}</text>`
})
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
  <title>holdfast demo</title>
  <style>
    text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; fill: #c9d4de }
    .step { fill: #ffffff; font-weight: 600 }
    .good { fill: #7fd1a0 }
  </style>
  <rect width="${width}" height="${height}" rx="10" fill="#16202b"/>
  <circle cx="24" cy="22" r="6" fill="#e06c60"/><circle cx="44" cy="22" r="6" fill="#e3b34c"/><circle cx="64" cy="22" r="6" fill="#5fb56a"/>
${rows.join('\n')}
</svg>
`)
