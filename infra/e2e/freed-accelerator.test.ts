/** A freed accelerator gets its next pod: gated pods wait while somebody has the GPU, and each gets it when its turn comes. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { quantile } from '../bench/figure.ts'
import type { KubernetesLab } from '../lab/kubernetes.ts'
import { ASKS, handOver, startForHandover } from '../testing/freed-accelerator.ts'
import type { EdgetwinProcess } from './edgetwin-process.ts'

let lab: KubernetesLab
let edgetwin: EdgetwinProcess
beforeAll(async () => {
  ;({ lab, edgetwin } = await startForHandover((line) => process.stderr.write(`${line}\n`)))
}, 1_500_000)
afterAll(async () => {
  await edgetwin?.kill('SIGKILL')
  await lab?.stop()
})

it.each(ASKS)('binds the pod that waits by its %s when a stranger lets go of the GPU', async (asks) => {
  expect(await handOver(lab, { asks, count: 5, heldByStranger: true })).toHaveLength(5)
})

it.each(ASKS)('binds one after the other of those that wait by their %s, one at a time', async (asks) => {
  const handovers = await handOver(lab, { asks, count: 22, heldByStranger: false })
  const tookMs = handovers.map(({ endedToBoundMs }) => endedToBoundMs)
  const [median, most] = [quantile(tookMs, 0.5), Math.max(...tookMs)].map(Math.round)
  process.stderr.write(`${handovers.length} handovers by ${asks}: ended to bound in ${median} ms, at most ${most}\n`)
  expect(handovers).toHaveLength(21)
  // Nobody is let go before the device is free: only the scheduler could hold him then, and no longer elsewhere.
  for (const { endedToDroppedMs } of handovers) expect(endedToDroppedMs).toBeGreaterThan(0)
})
