/** How each component of the control plane is started; every flag is there because without it something fails. */
import { join } from 'node:path'

export const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const
export type Component = (typeof COMPONENTS)[number]

export interface ControlPlane {
  readonly dir: string
  readonly pki: string
  readonly ports: Readonly<Record<'api' | 'etcd' | 'peer' | 'scheduler' | 'controllerManager', number>>
  readonly kwokStages: string
  readonly quickFailures: boolean
}

export function componentArgs({
  dir,
  pki,
  ports,
  kwokStages,
  quickFailures,
}: ControlPlane): Readonly<Record<Component, readonly string[]>> {
  const key = (name: string): string => join(pki, name)
  const etcd = `http://127.0.0.1:${ports.etcd}`
  const peer = `http://127.0.0.1:${ports.peer}`
  // One of each: nobody to elect. Without the look-up their logs fill with complaints, and their health would need a token.
  const alone = [
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--cert-dir=${pki}`,
    '--authentication-skip-lookup=true',
    '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics',
    '--kube-api-qps=300',
    '--kube-api-burst=500',
  ]
  return {
    etcd: [
      '--name=lab',
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=lab=${peer}`,
      // A killed process loses nothing without it, only a lost machine would.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    'kube-apiserver': [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.api}`,
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.0.0.0/16',
      `--cert-dir=${pki}`,
      `--tls-cert-file=${key('apiserver.crt')}`,
      `--tls-private-key-file=${key('apiserver.key')}`,
      `--client-ca-file=${key('ca.crt')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${key('sa.key')}`,
      `--service-account-signing-key-file=${key('sa.key')}`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      '--profiling=false',
      `--kubelet-client-certificate=${key('apiserver-kubelet.crt')}`,
      `--kubelet-client-key=${key('apiserver-kubelet.key')}`,
      // Names of nodes mean nothing in the workers' network.
      '--kubelet-preferred-address-types=InternalIP',
      // Else it waits a minute for open watches when it is told to end.
      '--shutdown-watch-termination-grace-period=2s',
      `--egress-selector-config-file=${join(dir, 'egress.yaml')}`,
      `--audit-policy-file=${join(dir, 'audit-policy.yaml')}`,
      `--audit-log-path=${join(dir, 'audit.log')}`,
      '--audit-log-mode=blocking',
      '--audit-log-maxsize=1000',
    ],
    'kube-controller-manager': [
      `--kubeconfig=${key('controller-manager.kubeconfig')}`,
      ...alone,
      `--secure-port=${ports.controllerManager}`,
      `--service-account-private-key-file=${key('sa.key')}`,
      `--root-ca-file=${key('ca.crt')}`,
      // Without it RBAC refuses nearly every controller, and nodes keep their not-ready taint.
      '--use-service-account-credentials=true',
      ...(quickFailures ? ['--node-monitor-period=1s', '--node-monitor-grace-period=8s'] : []),
    ],
    'kube-scheduler': [`--kubeconfig=${key('scheduler.kubeconfig')}`, ...alone, `--secure-port=${ports.scheduler}`],
    kwok: [
      `--kubeconfig=${key('kwok.kubeconfig')}`,
      `--config=${kwokStages}`,
      // By label, so that taking the label from one node makes that one fall silent.
      '--manage-all-nodes=false',
      '--manage-nodes-with-label-selector=type=kwok',
      `--node-lease-duration-seconds=${quickFailures ? 8 : 40}`,
      '--node-ip=127.0.0.1',
      '--cidr=10.244.0.0/16',
    ],
  }
}
