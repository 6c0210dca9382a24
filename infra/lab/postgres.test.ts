import { expect, it } from '@jest/globals'
import { postgresArgs, unprivileged } from './postgres.ts'

const NOBODY = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n'

it('runs for root as postgres, else as nobody', () => {
  expect(unprivileged(`${NOBODY}postgres:x:101:104::/var/lib/postgresql:/bin/bash\n`)).toEqual({ uid: 101, gid: 104 })
  expect(unprivileged(NOBODY)).toEqual({ uid: 65_534, gid: 65_533 })
  expect(unprivileged('root:x:0:0::/root:/bin/sh\nmypostgres:x:7:7::/:/bin/sh\n')).toEqual({ uid: 65_534, gid: 65_534 })
})

it('listens on loopback only', () => {
  const args = postgresArgs({ dataDir: '/lab/data', port: 15_432 })
  expect(args.slice(0, 2)).toEqual(['-D', '/lab/data'])
  expect(args).toEqual(expect.arrayContaining(['listen_addresses=127.0.0.1', 'port=15432', 'unix_socket_directories=']))
})
