/**
 * Style of the recovery sheet. It is paper on the screen, too: black on white in every colour scheme. Sizes are made so that
 * the sheet fits both A4 (210 × 297 mm) and Letter (216 × 279 mm) with margins of 12 mm; the room for notes takes what is left.
 */
export const recoverySheetStyle = `
:root { color-scheme: only light; }
@page { margin: 12mm; }
* { box-sizing: border-box; margin: 0; padding: 0; }
html { background: #fff; color: #000; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { font: 9.5pt/1.35 system-ui, "Liberation Sans", "DejaVu Sans", Arial, sans-serif; max-width: 186mm; min-height: 252mm;
  margin: 12mm auto; padding: 0 1mm; display: flex; flex-direction: column; gap: 3.5mm; background: #fff; color: #000; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 6mm; border-bottom: 0.6mm solid #000;
  padding-bottom: 2mm; }
h1 { font-size: 17pt; line-height: 1.1; }
h2 { font-size: 10.5pt; margin-bottom: 1.2mm; }
bdi, code { overflow-wrap: anywhere; }
code, .words bdi { font-family: ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace; }
.date { white-space: nowrap; }
.warning { border: 0.5mm solid #000; padding: 2mm 3mm; }
.beside { display: flex; justify-content: space-between; align-items: flex-start; gap: 6mm; }
.beside > :first-child { flex: 1; min-width: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.7mm 4mm; }
dt { color: #333; }
dd { min-width: 0; }
dd.name { font-size: 11.5pt; font-weight: 700; line-height: 1.2; }
dl.dense, dl.dense dd.name { font-size: 7.5pt; }
figure { text-align: center; flex: none; }
figcaption { font-size: 7.5pt; line-height: 1.2; max-width: 38mm; margin: 0 auto; }
.qr { display: block; width: 34mm; height: 34mm; margin: 0 auto; }
.phrase .qr { width: 42mm; height: 42mm; }
.words { list-style: none; display: grid; grid-template-rows: repeat(6, auto); grid-auto-flow: column; grid-auto-columns: 1fr;
  border: 0.3mm solid #000; }
.words li { display: flex; gap: 2mm; align-items: baseline; padding: 1.1mm 2mm; border: 0.15mm solid #999; }
.words li span { font-size: 7.5pt; color: #333; min-width: 4mm; text-align: right; }
.words bdi { font-size: 11.5pt; font-weight: 600; }
.steps { padding-left: 5.5mm; display: grid; gap: 1.2mm; }
.steps code { display: block; border-left: 0.6mm solid #000; padding-left: 2.5mm; margin-top: 0.4mm; font-size: 8.5pt; }
.steps bdi { font-size: 8.5pt; }
.steps code.inline { display: inline; border: 0; padding: 0; }
.notes { flex: 1; display: flex; flex-direction: column; }
.lines { flex: 1; position: relative; min-height: 12mm; border: 0.3mm solid #000; }
.lines div { position: absolute; inset: 0; overflow: hidden; }
.lines p { height: 7.8mm; border-bottom: 0.2mm solid #999; }
@media print { body { margin: 0; max-width: none; } }
`

/** What makes the sheet as large as one kind of paper. */
export const paperStyle = {
  A4: '@page { size: A4; } @media print { body { min-height: 270mm; } }\n',
  Letter: '@page { size: Letter; }\n',
} as const
