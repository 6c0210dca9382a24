import { expect, it } from '@jest/globals'
import { ownCgroups, workersSupported } from './workers-supported.ts'

it('finds the folder of each controller that stands by itself', () => {
  expect([...ownCgroups('12:cpu,cpuacct:/a\n9:name=systemd:/\n4:memory:/b/c\n0::/user.slice\n')]).toEqual([
    ['systemd', '/sys/fs/cgroup/systemd'],
    ['memory', '/sys/fs/cgroup/memory/b/c'],
  ])
})

it('says why when it is not so', () => {
  const supported = workersSupported()
  if (!supported.ok) expect(supported.reason).toMatch(/^real workers need /)
})
