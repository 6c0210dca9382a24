/** Guards of the protocol, each taken out: a story that does not notice proves nothing. */

import type { LedgerStore } from '../act/ledger.ts'
import type { Ledger, Step } from '../act/ledger-state.ts'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import type { Planted } from './actuation-run.ts'

/** Each step sees the ledger other than it is; what it changes is written on the real one. */
function seenAs(store: LedgerStore, see: (ledger: Ledger) => Ledger, unsee: (seen: Ledger, real: Ledger) => Ledger): LedgerStore {
  const through =
    (step: (ledger: Ledger) => Step) =>
    (real: Ledger): Step => {
      const result = step(see(real))
      return result.ok ? { ok: true, ledger: unsee(result.ledger, real) } : result
    }
  return { ...store, change: (step, options) => store.change(through(step), options) }
}

/** Whoever once wrote goes on as if nobody had taken over since. */
export function withoutFence(store: LedgerStore): LedgerStore {
  let mine: Pick<Ledger, 'holder' | 'epoch'> | null = null
  return {
    ...store,
    async change(step, options) {
      const through = (real: Ledger): Step => {
        const { holder, epoch } = real
        const result = step(mine === null ? real : { ...real, ...mine })
        return result.ok && mine !== null ? { ok: true, ledger: { ...result.ledger, holder, epoch } } : result
      }
      const result = await store.change(through, options)
      if (result.ok && mine === null) mine = { holder: result.ledger.holder, epoch: result.ledger.epoch }
      return result
    },
  }
}

const changing =
  (change: (wanted: KubeRequest) => KubeRequest) =>
  (client: KubeClient): KubeClient => ({
    ...client,
    request: (wanted) => client.request(change(wanted)),
  })

export const PLANTED: Readonly<Record<string, Planted>> = {
  'a leader that does not look at the fence': { ledger: withoutFence },
  'what was left undone is read, but the pod not changed': {
    client: changing((wanted) => (wanted.contentType === 'application/merge-patch+json' ? { path: wanted.path } : wanted)),
  },
  'requests that hold for a pod however it is': {
    client: changing((wanted) => {
      if (wanted.method !== 'PATCH' && !wanted.path.endsWith('/eviction')) return wanted
      const body = structuredClone(wanted.body) as { metadata: object; deleteOptions?: object }
      const { resourceVersion: _, ...metadata } = body.metadata as { resourceVersion?: string }
      return {
        ...wanted,
        body: { ...body, metadata, ...(body.deleteOptions === undefined ? {} : { deleteOptions: { preconditions: {} } }) },
      }
    }),
  },
  'a budget that each edgetwin counts for itself': {
    ledger: (store, identity) => {
      let own: Ledger['moves'] = []
      const unsee = (seen: Ledger, real: Ledger): Ledger => {
        own = seen.moves
        return { ...seen, moves: [...real.moves, ...seen.moves.filter(({ serial }) => real.moves.every((move) => move.serial !== serial))] }
      }
      return identity === '' ? store : seenAs(store, (real) => ({ ...real, moves: own }), unsee)
    },
  },
  'moves that are forgotten when nobody knows what became of them': {
    ledger: (store) =>
      seenAs(
        store,
        (real) => real,
        (seen, real) => ({ ...seen, moves: seen.intents.length < real.intents.length ? [] : seen.moves }),
      ),
  },
}
