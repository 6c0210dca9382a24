import { expect, it } from '@jest/globals'
import { planTopics, wantedTopics } from './topics.ts'

const wanted = wantedTopics({ prefix: 'a.', partitionCount: 6, brokerCount: 3 })

it('creates all that is missing, under the prefix, and keeps what is as wanted', () => {
  expect(planTopics([], wanted).map(({ action }) => action)).toEqual(wanted.map(() => 'create'))
  expect(wanted.map(({ name }) => name)).toContain('a.edgetwin.metrics.v1')
  expect(planTopics(wanted, wanted).map(({ action }) => action)).toEqual(wanted.map(() => 'keep'))
})

it('asks for as many replicas as there are brokers, three at most, and accepts with one down', () => {
  const replicas = [1, 2, 3, 9].map((brokerCount) => wantedTopics({ prefix: '', partitionCount: 1, brokerCount })[0]!)
  expect(replicas.map(({ replicationFactor }) => replicationFactor)).toEqual([1, 2, 3, 3])
  expect(replicas.map(({ config }) => config['min.insync.replicas'])).toEqual(['1', '1', '2', '2'])
})

it('changes settings of ours and leaves those of the operator', () => {
  const [metrics] = wanted
  const present = { ...metrics!, config: { ...metrics!.config, 'retention.ms': '1', 'segment.ms': '5' } }
  const [change] = planTopics([present], [metrics!])
  expect(change).toMatchObject({ action: 'configure', detail: 'retention.ms 1 → 21600000' })
  expect(change!.wanted.config).toEqual({ ...metrics!.config, 'segment.ms': '5' })
})

it('never changes the number of partitions, and says why', () => {
  const [metrics] = wanted
  const fewer = planTopics([{ ...metrics!, partitionCount: 4, replicationFactor: 1 }], [metrics!])
  expect(fewer.map(({ action, detail }) => [action, detail.split(':')[0]])).toEqual([
    ['refuse', 'has 4 partitions, not 6'],
    ['refuse', 'has 1 replicas, not 3'],
  ])
})
