/** For tests: two pods that are held, one of which cannot be let go. */
import type { GateApi } from '../../models/contracts/gates.ts'

export function aGateApi(): GateApi {
  return {
    whyPending: async (pod) => (pod === 'stuck.default' ? { cause: 'gated', text: 'It is held.', nodes: {}, idle: [] } : null),
    ungate: async ({ pods }) => {
      const asked = pods === 'all' ? ['stuck.default', 'web-1.default'] : pods
      return {
        released: asked.filter((pod) => pod === 'web-1.default'),
        failed: asked.filter((pod) => pod === 'stuck.default').map((pod) => ({ pod, reason: 'forbidden' })),
        notHeld: asked.filter((pod) => !['stuck.default', 'web-1.default'].includes(pod)),
        heldCount: 1,
      }
    },
  }
}
