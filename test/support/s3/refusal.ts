/** An answer that refuses a request, with the code that S3 has for it. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly extra: Readonly<Record<string, string>>

  constructor(status: number, code: string, extra: Readonly<Record<string, string>> = {}) {
    super(code)
    this.status = status
    this.code = code
    this.extra = extra
  }
}
