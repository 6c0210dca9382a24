/** From the end of who has an accelerator to the next gated pod's gate dropped and its node set, past edgetwin in mode auto on a real control plane. */
import { ASKS, type Handover, handOver, startForHandover } from '../../testing/freed-accelerator.ts'
import { type Length, quantile, type Report } from '../figure.ts'

export const suite = 'freed-accelerator'

const COUNTS: Readonly<Record<Length, { readonly queue: number; readonly after: number }>> = {
  quick: { queue: 21, after: 10 },
  usual: { queue: 101, after: 50 },
  long: { queue: 251, after: 250 },
}
const P99_LIMIT_MS = 1_000

export async function run(report: Report, length: Length): Promise<void> {
  const { queue, after } = COUNTS[length]
  const { lab, edgetwin } = await startForHandover((line) => process.stderr.write(`${line}\n`))
  try {
    for (const asks of ASKS) {
      tell(report, `a stranger's, by ${asks}`, await handOver(lab, { asks, count: after, heldByStranger: true }))
      tell(report, `the next of a queue, by ${asks}`, await handOver(lab, { asks, count: queue, heldByStranger: false }))
    }
  } finally {
    await edgetwin.kill('SIGTERM')
    await lab.stop()
  }
}

function tell(report: Report, what: string, handovers: readonly Handover[]): void {
  const [toDropped, toBound, whole] = [
    handovers.map(({ endedToDroppedMs }) => endedToDroppedMs),
    handovers.map(({ droppedToBoundMs }) => droppedToBoundMs),
    handovers.map(({ endedToBoundMs }) => endedToBoundMs),
  ]
  const parts = { toGateDropped: quantile(toDropped, 0.5), toBound: quantile(toBound, 0.5), handovers: handovers.length }
  report({ suite, name: `${what}, p50`, value: quantile(whole, 0.5), unit: 'ms', ...parts })
  report({ suite, name: `${what}, p99`, value: quantile(whole, 0.99), unit: 'ms', most: Math.max(...whole), limit: P99_LIMIT_MS })
}
