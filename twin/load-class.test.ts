import { expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type WhatIfQueryInput, whatIfQueryShape } from '../models/contracts/what-if.ts'
import { dhsEvents, journaled } from '../models/testing/dhs-site.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

const site = applyEvents(emptyTwin, journaled(dhsEvents()))
const classify = (query: WhatIfQueryInput) =>
  askWhatIf(site, whatIfQueryShape.parse({ algorithms: ['dhs'], ...query }), { id: 'q', stateHash: '', registry: defaultRegistry() })

/** ResNet-50 takes 262.83 ms on the Pi and 30.39 ms on a TX2's GPU, 18.66 ms on the server. */
const onPi = { camera: 'camera-pi-1', application: 'resnet50' }
const onTx2 = { camera: 'camera-tx2-1', application: 'resnet50', count: 10 }

it('sums what each camera would need alone, idle cameras included', () => {
  const { loadClass } = classify({ workload: [onPi, onTx2] })
  expect(loadClass.cameras.map(({ seconds }) => Math.round(seconds * 1e5) / 1e5)).toEqual([0.26283, 0.3039, 0, 0])
  expect(loadClass).toMatchObject({ requestCount: 11, cameraCount: 4, requestsPerCamera: 2.75, tMinSeconds: 0 })
})

it.each<[WhatIfQueryInput, string, string]>([
  [{ workload: [onPi, onTx2] }, 'U-H', 'peft'],
  [{ workload: [onPi] }, 'U-L', 'cpop'],
  [{ workload: [onPi, onTx2], delta1Seconds: 1 }, 'B-H', 'peft'],
  [{ workload: [onPi], delta1Seconds: 1 }, 'B-L', 'heft'],
  [{ workload: [onPi], delta1Seconds: 1, delta2: 0.25 }, 'B-H', 'peft'],
])('%j is %s, so DHS picks %s', (query, className, picked) => {
  const answer = classify(query)
  expect(answer.loadClass.className).toBe(className)
  expect(answer.outcomes[0]!.picked).toBe(picked)
})

it('reckons a camera that lost its node by where its clips are recorded, and says so', () => {
  const { loadClass, warnings } = classify({ workload: [onPi], edits: [{ kind: 'lose-node', node: 'pi-1' }] })
  expect(loadClass.tMaxSeconds).toBeCloseTo(0.01866, 5)
  expect(warnings).toEqual(["camera camera-pi-1 has no accelerator of its own for its requests; its load is reckoned on another's"])
})

it('finds a site without cameras balanced and light', () => {
  const cameras = [...site.entities.camera.keys()]
  const { loadClass } = classify({ edits: cameras.map((camera) => ({ kind: 'remove-camera', camera })) })
  expect(loadClass).toMatchObject({ className: 'B-L', cameras: [], cameraCount: 0, requestCount: 0, requestsPerCamera: 0 })
})
