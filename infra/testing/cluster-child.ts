/** A process that watches a cluster and nothing else, for figures of its memory and speed: `node cluster-child.ts KUBECONFIG`, one JSON object a line. */
import { watchLab } from './watched-lab.ts'

const [kubeconfig = ''] = process.argv.slice(2)
const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify({ ...line, atMs: Date.now() })}\n`)
}

const startMs = Date.now()
let podCount = 0
const watched = await watchLab(kubeconfig, {
  onTold: (events) => {
    const created = events.filter(({ type }) => type === 'pod.created').length
    podCount += created
    if (created > 0) say({ podCount, syncMs: Date.now() - startMs })
    const started = events.flatMap((event) => (event.type === 'pod.started' ? [event.name] : []))
    if (started.length > 0) say({ started })
  },
})
const beat = setInterval(() => {
  const { nodeCount, checks } = { nodeCount: watched.state().entities.node.size, checks: watched.checks().filter(({ ok }) => !ok) }
  say({ rssBytes: process.memoryUsage.rss(), nodeCount, driftCount: watched.status().cluster.driftCount, checks })
}, 1_000)
process.once('SIGTERM', async () => {
  clearInterval(beat)
  await watched.stop()
})
