import { z } from 'zod'

/** How each command of LVM that reports is to answer, so that reportParts reads it: JSON, sizes in bytes (lvmreport(7)). */
export const lvmReportOptions: readonly string[] = ['--reportformat', 'json', '--units', 'b', '--nosuffix']

const rows = z.array(z.unknown()).default([])
const report = z.object({ report: z.array(z.object({ vg: rows, lv: rows, seg: rows, pv: rows })) })

/** Rows of one part of a report, for each kind of thing; every value in a row is text, '' for none. */
export type LvmReportPart = z.infer<typeof report>['report'][number]

/** The parts of what such a command prints. Throws what JSON.parse and zod throw when it is no report. */
export const reportParts = (output: string): LvmReportPart[] => report.parse(JSON.parse(output)).report

/** Values of rows that several commands share. */
export const lvmValue = {
  text: z.string(),
  /** A whole number of bytes. */
  bytes: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  list: z.string().transform(value => value.split(',').filter(item => item !== '')),
  /** 0 to 100; null where LVM cannot tell. */
  percent: z.string().transform(value => (/^\d+(\.\d+)?$/.test(value) ? Math.min(100, Number(value)) : null)),
}
