/** The cluster lab itself: a node becomes ready, one falls silent, the API server is killed and comes back, the audit log tells who wrote. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type KubernetesLab, readAudit, startKubernetes } from '../lab/kubernetes.ts'
import { eventually } from '../testing/eventually.ts'

let lab: KubernetesLab
beforeAll(async () => {
  lab = await startKubernetes({
    quickFailures: true,
    identities: ['viewer=alice/viewers'],
    progress: (line) => process.stderr.write(`${line}\n`),
  })
}, 1_500_000)
afterAll(() => lab.stop())

const nodes = () => lab.kubectl(['get', 'nodes', '--no-headers'])
it('has nodes that are ready, and one that is silent when its label is taken', async () => {
  const node = (name: string) => `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {type: kwok}}\n`
  await lab.kubectl(['apply'], [node('edge-1'), node('edge-2')].join('---\n'))
  await eventually('both nodes ready', async () => (await nodes()).match(/ Ready /g)?.length === 2)
  await lab.kubectl(['label', 'node', 'edge-2', 'type-'])
  await eventually('edge-2 not ready', async () => /edge-2 +NotReady/.test(await nodes()))
  expect(await nodes()).toMatch(/edge-1 +Ready/)
})

it('keeps everything when the API server and etcd are killed', async () => {
  for (const component of ['kube-apiserver', 'etcd'] as const) {
    await lab.service(component).kill()
    await lab.service(component).start()
  }
  await eventually('the nodes are there again', async () => (await nodes().catch(() => '')).includes('edge-1'))
})

it('refuses what RBAC does not grant, and its audit log tells who wrote what', async () => {
  const asViewer = ['--kubeconfig', lab.kubeconfigOf('viewer')]
  await expect(lab.kubectl(['delete', 'node', 'edge-1', ...asViewer])).rejects.toThrow(/Forbidden|forbidden/)
  const writes = readAudit(lab).filter(({ verb, objectRef }) => verb === 'patch' && Object(objectRef).name === 'edge-2')
  expect(writes).toContainEqual(expect.objectContaining({ user: expect.objectContaining({ username: 'kubernetes-admin' }) }))
})
