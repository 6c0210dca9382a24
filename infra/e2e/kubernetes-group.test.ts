/**
 * Two edgetwins that share one real cluster over Kafka: one owns its twin and places, both know who; when the owner is
 * killed the other reads what it told, connects to the cluster, and goes on.
 */
import { afterEach, expect, it } from '@jest/globals'
import type { SharedSites } from '../../models/contracts/sites.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { makeHome } from '../testing/edgetwin-home.ts'
import { eventually } from '../testing/eventually.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

let lab: KubernetesLab
let kafka: KafkaLab
const processes: EdgetwinProcess[] = []
afterEach(async () => {
  for (const edgetwin of processes.splice(0)) await edgetwin.kill('SIGKILL')
  await lab?.stop()
  await kafka?.stop()
})

const deployment = (name: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: default}
spec:
  replicas: 3
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata:
      labels: {app: ${name}, edgetwin.dev/placement: twin}
      annotations: {edgetwin.dev/application: resnet50, edgetwin.dev/frames: "30", edgetwin.dev/camera: cam-1}
    spec:
      schedulingGates: [{name: edgetwin.dev/placement}]
      tolerations: [{key: edgetwin.dev/camera, operator: Exists}]
      containers: [{name: infer, image: "example.com/resnet50:1", resources: {requests: {cpu: 100m}}}]
`

it('is one writer at a time, and survives the death of the owner', async () => {
  lab = await startKubernetes({ quickFailures: true, progress: (line) => process.stderr.write(`${line}\n`) })
  await applyNodes(lab, 'dhs')
  await makeHome(lab)
  kafka = await startKafka()
  const cluster = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', 'auto']
  const log = ['--event-log', 'platformatic', '--kafka-brokers', kafka.brokers.join(','), '--kafka-group', 'pair', '--kafka-ensure-topics']
  const start = async () => {
    const edgetwin = await startEdgetwin([...cluster, ...log, '--data-dir', freshDataDir(), '--log-level', 'error'])
    processes.push(edgetwin)
    return edgetwin
  }
  const pair = [await start(), await start()]
  const ownerOf = async (edgetwin: EdgetwinProcess) =>
    (await edgetwin.get<SharedSites>('/api/v1/sites')).items.find(({ site, isActing }) => site === 'lab' && isActing)?.owner
  await eventually('one owns the cluster', async () => (await ownerOf(pair[0]!)) !== undefined, 60_000)
  const runningOf = async (app: string) => {
    const pods = await lab.kubectl(['get', 'pods', '-l', `app=${app}`, '--field-selector', 'status.phase=Running', '-o', 'name'])
    return pods.split('\n').filter(Boolean).length
  }
  await lab.kubectl(['apply'], deployment('before'))
  await eventually('the owner places', async () => (await runningOf('before')) === 3, 60_000)

  const ownerUrl = await ownerOf(pair[0]!)
  const [owner, other] = pair[0]!.url === ownerUrl ? pair : [pair[1], pair[0]]
  expect(owner?.url).toBe(ownerUrl)
  const podsOf = async (edgetwin: EdgetwinProcess) =>
    (await edgetwin.get<{ items: Pod[] }>('/sites/lab/api/v1/entities/pod')).items.map(({ name, uid }) => `${name} ${uid}`).sort()
  const known = await podsOf(owner!)
  expect(known).toHaveLength(3)
  expect(await podsOf(other!)).toEqual(known)

  await owner!.kill('SIGKILL')
  await lab.kubectl(['apply'], deployment('after'))
  await eventually('the other owns it', async () => (await ownerOf(other!)) === other!.url, 90_000)
  await eventually('and places', async () => (await runningOf('after')) === 3, 90_000)
  expect(await podsOf(other!)).toEqual(expect.arrayContaining(known))
  expect(await podsOf(other!)).toHaveLength(6)
}, 1_500_000)
