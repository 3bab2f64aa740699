/** Text of an XML document: a name and what it holds, in order; a list stands for the element many times. */
export type XmlContent = string | number | boolean | { [name: string]: XmlContent | readonly XmlContent[] | undefined }

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, char => escapes[char] ?? char)

export function xmlDocument(name: string, content: XmlContent): string {
  const body = element(name, content).replace(
    `<${name}>`,
    name === 'Error' ? '<Error>' : `<${name} xmlns="${namespace}">`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`
}

function element(name: string, content: XmlContent | readonly XmlContent[] | undefined): string {
  if (content === undefined) return ''
  if (Array.isArray(content)) return content.map(item => element(name, item)).join('')
  if (typeof content !== 'object') return `<${name}>${escaped(String(content))}</${name}>`
  const inner = Object.entries(content).map(([child, value]) => element(child, value))
  return `<${name}>${inner.join('')}</${name}>`
}

/** What all elements of a name hold, as text, in a document without comments. */
export function textsIn(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}[^>]*>([^<]*)</${name}>`, 'g'))
  return [...found].map(([, text = '']) =>
    text.replace(/&(amp|lt|gt|quot|apos|#34);/g, entity => unescapes[entity] ?? entity),
  )
}

const unescapes: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#34;': '"',
  '&apos;': "'",
}
