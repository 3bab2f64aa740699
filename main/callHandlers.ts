import type { z } from 'zod'
import { HoldfastError } from '../engine/contract/errors.ts'
import { type HelperContract, helperContract } from '../engine/contract/helperContract.ts'
import type { CallInput, CallName } from '../engine/contract/rpcContract.ts'
import { callChannel } from '../preload/channels.ts'
import type { HelperConnection } from './helperConnection.ts'
import { replyWith } from './reply.ts'
import { foreignPage, isOwnPage, type SenderFrame } from './senders.ts'

/** As much of ipcMain as is used here. */
export interface Answering {
  handle(channel: string, answer: (event: { senderFrame: SenderFrame | null }, input: unknown) => unknown): void
}

/** Answers each call of the contract on a channel of its own, for pages of the app alone and with input that fits. */
export function answerCalls(ipc: Answering, helper: Pick<HelperConnection, 'call'>): void {
  for (const name of Object.keys(helperContract.calls) as CallName<HelperContract>[]) {
    const schema: z.ZodType = helperContract.calls[name].input
    ipc.handle(callChannel(name), (event, input) =>
      replyWith(() => {
        if (!isOwnPage(event.senderFrame)) throw foreignPage()
        const parsed = schema.safeParse(input)
        if (!parsed.success) throw unfit(name, parsed.error)
        return helper.call(name, input as CallInput<HelperContract, typeof name>)
      }),
    )
  }
}

/** Says where the first fault is and what is wrong there, but never the value. */
function unfit(name: string, { issues: [fault] }: z.ZodError): HoldfastError {
  const why = [fault?.path.join('.'), fault?.message].filter(part => part).join(': ')
  return new HoldfastError('usage.invalid', `The input of ${name} is not valid: ${why}.`, {
    advice: 'Correct it and try again.',
  })
}
