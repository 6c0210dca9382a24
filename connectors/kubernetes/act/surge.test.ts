/** Whose pods a Deployment's are: only those may be taken for the one that was made, or told to go. */
import { expect, it } from '@jest/globals'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { aKubePod } from '../testing/objects.ts'
import { hasReplaced } from './surge.ts'

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const surge = { namespace: 'shop', uid: 'uid-old', deployment: 'web', target: 'b' }

/** One that chooses its pods by an expression: nothing in its selector can be written as `key=value`. */
const deployment = {
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7', generation: 4 },
  spec: { replicas: 2, selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } },
  status: { observedGeneration: 4, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
}
const newcomer = (owner: string) =>
  aKubePod('new', {
    owner: `${owner}-abc`,
    labels: { 'pod-template-hash': 'abc' },
    annotations: { 'edgetwin.dev/replaces': 'uid-old' },
    node: 'b',
    status: READY,
  })
const serving = (...items: readonly object[]): KubeClient => ({
  server: 'https://model',
  async request<T>({ path }: KubeRequest): Promise<T> {
    return (path.endsWith('/pods') ? { metadata: {}, items } : deployment) as T
  },
  watch: () => Promise.reject(new Error('nothing is watched')),
  close: () => {},
})

it.each([
  ['its own pod', 'web', true],
  ['one of a Deployment whose name begins like its own', 'web-shop', false],
])('%s counts as the one that was made: %s %p', async (_, owner, is) => {
  expect(await hasReplaced(serving(newcomer(owner)), surge)).toBe(is)
})
