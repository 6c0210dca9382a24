/** Settings of the cluster: an emulated site, or a real Kubernetes with what edgetwin may do there. */
import { z } from 'zod'
import { ACCESS_AUDIENCE } from '../models/contracts/audience.ts'
import { decimal, flag, text, whole } from './config-shapes.ts'

export const clusterSettings = {
  cluster: z
    .enum(['simulated', 'kubernetes'])
    .default('simulated')
    .describe('the cluster behind the site: simulated, or a real kubernetes'),
  kubeconfig: text.optional().describe("kubeconfig file; without it KUBECONFIG, ~/.kube/config or the pod's own service account"),
  kubeContext: text.optional().describe('its context; without it the current one'),
  kubeNamespace: text.default('edgetwin-system').describe('namespace of the lease and the ledger'),
  placement: z
    .enum(['gate', 'binding', 'none'])
    .default('gate')
    .describe('how pods are placed: gate (the stock scheduler keeps every check), binding (past it), or none (only watch)'),
  placementTopK: whole(1, 16).default(3).describe('nodes that a gated pod may go to, best first'),
  movesRatio: decimal(0, 1).default(0.1).describe('share of the pods to place that may be moved in any 5 minutes; at least one pod'),
  movesPerHour: whole(0, 1_000).optional().describe('and of all of them in any hour at most so many; off a lost node any number'),
  actionsAtOnce: whole(1, 64).default(16).describe('pods that are acted on at once, those included that a crash left undone'),
  moveCoolDownMs: whole(0, 86_400_000).default(300_000).describe('rest of what a moved pod works for until it may be moved again, ms'),
  placementDryRun: flag.default(false).describe('the API server checks every write and keeps none'),
  access: z
    .enum(['token', 'kubernetes'])
    .default('token')
    .describe('who may do what: token (whoever has it, everything), or what RBAC of the kubernetes of kubeconfig grants'),
  accessAudiences: z
    .preprocess((given) => (typeof given === 'string' ? given.split(',').map((part) => part.trim()) : given), z.array(text).min(1))
    .default([ACCESS_AUDIENCE])
    .describe('what tokens of kubernetes must be made out for, separated by commas'),
  accessTokenFile: text.optional().describe('file with our own such token, shown to the others of kafkaGroup'),
  assumedLinkMbitPerSecond: decimal(0.001, 8_000_000)
    .default(100)
    .describe('what is taken of the network of a node of which neither annotations nor its exporter say it, Mbit/s'),
  assumedLinkLatencyMs: decimal(0, 60_000).default(1).describe('and of which annotations do not say it, ms'),
  exporterPort: whole(1, 65_535).optional().describe('port of the exporter on every node of a real cluster'),
} as const

export type ClusterSettings = Readonly<z.infer<z.ZodObject<typeof clusterSettings>>>
