/**
 * The program of a thread for blocks: takes requests in order. The first one sets it up, since a thread may be started before
 * it is known what for.
 */
import { parentPort } from 'node:worker_threads'
import { freeForeignMemory } from '../base/linux/foreignMemory.ts'
import { BlockThread } from './blockThread.ts'
import type { Reply, Request } from './blockWorkerProtocol.ts'

let thread: BlockThread | undefined
/** Some work goes on while the thread takes other requests. */
const underWay = new Set<Promise<void>>()

parentPort!.on('message', async ({ call, request }: { call: number; request: Request }) => {
  if (request.kind === 'setup') thread = new BlockThread(request.setup)
  else if (request.kind === 'end') await end()
  else {
    const answered = answer(call, thread!.handle(request))
    underWay.add(answered)
    await answered
    underWay.delete(answered)
  }
})

async function answer(call: number, handled: Reply['result'] | Promise<Reply['result']>): Promise<void> {
  const result = handled instanceof Promise ? await handled : handled
  parentPort!.postMessage({ call, result } satisfies Reply, memoryOf(result))
}

async function end(): Promise<void> {
  thread?.stopWaiting()
  await Promise.allSettled(underWay)
  thread?.close()
  freeForeignMemory()
  parentPort!.close()
}

/** What changes hands with a result instead of being copied. */
function memoryOf(result: Reply['result']): ArrayBuffer[] {
  if (Array.isArray(result))
    return result.flatMap(pack => (pack.area === undefined ? [pack.bytes.buffer as ArrayBuffer] : []))
  return typeof result === 'object' && 'memory' in result ? [result.memory] : []
}
