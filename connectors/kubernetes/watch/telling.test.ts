/** Which claims a pod has; what is told of all that is tested in `infra/cluster-telling.test.ts`. */
import { expect, it } from '@jest/globals'
import { asksOf } from '../devices/asked-devices.ts'
import { aClaim, aKubePod } from '../testing/objects.ts'
import type { WatchedPod } from '../watched.ts'
import { claimsOf } from './telling.ts'

const made = aClaim('web-gpu-1', null)
const view = { claim: (namespace: string, name: string) => (`${namespace}/${name}` === 'default/web-gpu-1' ? made : undefined) }
const claiming = (told: NonNullable<WatchedPod['status']>['resourceClaimStatuses']): WatchedPod => {
  const pod = aKubePod('web', { status: { phase: 'Pending', ...(told === undefined ? {} : { resourceClaimStatuses: told }) } })
  return { ...pod, spec: { ...pod.spec, resourceClaims: [{ name: 'gpu' }] } }
}

it.each<[string, WatchedPod, ReturnType<typeof claimsOf>, ReturnType<typeof asksOf>]>([
  ['is not made yet', claiming(undefined), [null], []],
  ['is made', claiming([{ name: 'gpu', resourceClaimName: 'web-gpu-1' }]), [made], undefined],
  // Told with no name: none was necessary, and the pod asks for nothing.
  ['will not be made', claiming([{ name: 'gpu' }]), [], undefined],
])('a claim of a template that %s', (_, pod, claims, asks) => {
  expect(claimsOf(pod, view)).toEqual(claims)
  expect(asksOf(pod, claimsOf(pod, view))).toEqual(asks)
})
