import { expect, it } from '@jest/globals'
import { requestsOfLoad } from '../../models/applications/loads.ts'
import { asksOfRound } from './requests.ts'

const NETWORKS = ['alexnet', 'googlenet', 'resnet50']
const names = ['cam-1', 'cam-2', 'cam-3', 'cam-4']

it.each(['light', 'heavy'] as const)('a %s round asks what the DHS load asks', (load) => {
  const asked = asksOfRound(
    load,
    names.map((name) => ({ name, applications: NETWORKS })),
  )
  expect(asked).toEqual(requestsOfLoad(load, names).map(({ camera, application }) => ({ camera, application })))
})

it('asks a camera only for what it offers', () => {
  const cameras = [
    { name: 'a', applications: ['face'] },
    { name: 'b', applications: ['face', 'text'] },
  ]
  expect(asksOfRound('heavy', cameras)).toEqual([
    { camera: 'a', application: 'face' },
    { camera: 'b', application: 'face' },
    { camera: 'b', application: 'text' },
    { camera: 'b', application: 'text' },
  ])
})
