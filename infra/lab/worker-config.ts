/** What the programs of a real worker are told: containerd, its network plugin, the kubelet. Every setting is there because without it something fails. */
import { join } from 'node:path'
import { stringify } from 'yaml'

/** The workers' network: a namespace of its own, so these addresses are the same in every lab and on no link of the host. */
export const GATEWAY = '10.77.0.1'
/** The first address of the API server's range of services: every pod looks for the API server there. */
export const API_SERVICE = '10.0.0.1'
export const PAUSE_IMAGE = 'edgetwin.local/pause:1'

export interface WorkerPlace {
  readonly name: string
  readonly dir: string
  readonly address: string
  readonly pods: string
}

/** @param index from 1 */
export function workerPlace(dir: string, index: number): WorkerPlace {
  const name = `worker-${index}`
  return { name, dir: join(dir, name), address: `10.77.0.${10 + index}`, pods: `10.78.${10 + index}.0/24` }
}

export const WORKERS_MAX = 8

/** As "name=user/group", for certificates: of all that there may ever be. */
export const workerIdentities: readonly string[] = Array.from({ length: WORKERS_MAX }, (_, index) => {
  const { name } = workerPlace('', index + 1)
  return `${name}=system:node:${name}/system:nodes`
})

/** Through which the API server reaches the kubelets: for logs, exec and proxies to pods. */
export const egressSocket = (dir: string): string => join(dir, 'egress.sock')

const SOCKET = '/run/containerd.sock'

/** @returns text by file name. */
export function workerFiles(
  { name, dir, address, pods }: WorkerPlace,
  { runtime, pki }: { readonly runtime: string; readonly pki: string },
): Readonly<Record<string, string>> {
  return {
    'containerd.toml': `version = 3
root = "${dir}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${SOCKET}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  # Without the right to lower it, no container would start.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${runtime}"]
    conf_dir = "${dir}/cni"
`,
    'cni/lab.conflist': JSON.stringify({
      cniVersion: '0.4.0',
      name: 'lab',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          hairpinMode: true,
          ipam: { type: 'host-local', dataDir: '/run/cni-ipam', ranges: [[{ subnet: pods }]], routes: [{ dst: '0.0.0.0/0' }] },
        },
      ],
    }),
    'kubelet.yaml': stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      protectKernelDefaults: true,
      containerRuntimeEndpoint: `unix://${SOCKET}`,
      address,
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: join(pki, 'ca.crt') } },
      authorization: { mode: 'Webhook' },
      podLogsDir: join(dir, 'pod-logs'),
      resolvConf: '',
      clusterDNS: ['10.0.0.10'],
      clusterDomain: 'cluster.local',
      // What a limited root may not set.
      oomScoreAdj: 0,
      maxOpenFiles: 16_384,
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%' },
      // Images are nowhere to be had again.
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      nodeStatusUpdateFrequency: '2s',
      nodeLeaseDurationSeconds: 8,
      providerID: `edgetwin-lab://${name}`,
    }),
  }
}
