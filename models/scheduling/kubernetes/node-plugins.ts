/** Plugins that look at the pod and one node: its name, taints, labels, ports, zones and images. */
import { type Container, type KubePod, labelsOf, namespaceOf } from './objects.ts'
import { normalise, type Plugin, SCORE_MAX } from './plugin.ts'
import { matchesRequiredNodeAffinity, matchesTerm, tolerates, untoleratedTaint } from './selectors.ts'
import type { KubeSnapshot, NodeInfo } from './snapshot.ts'

export const nodeName: Plugin = {
  name: 'NodeName',
  paperName: 'PodFitsHost',
  filter:
    ({ pod }) =>
    ({ node }) =>
      !pod.spec.nodeName || pod.spec.nodeName === node.metadata.name ? null : `the pod names node ${pod.spec.nodeName}`,
}

const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter:
    ({ pod }) =>
    ({ node }) =>
      !node.spec?.unschedulable || (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, CORDONED))
        ? null
        : 'the node is cordoned',
}

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  filter:
    ({ pod }) =>
    ({ node }) => {
      const taint = untoleratedTaint(pod, node)
      return taint === undefined ? null : `untolerated taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`
    },
  weight: 3,
  score: ({ pod }, feasible) => {
    const tolerations = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    const disliked = feasible.map(
      ({ node }) =>
        (node.spec?.taints ?? []).filter(
          (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
        ).length,
    )
    return normalise(disliked, { reverse: true })
  },
}

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  paperName: 'MatchNodeSelector, NodeAffinity',
  filter:
    ({ pod }) =>
    ({ node }) =>
      matchesRequiredNodeAffinity(pod, node) ? null : "the node does not match the pod's node selector or affinity",
  weight: 2,
  score: ({ pod }, feasible) => {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return null
    const sums = feasible.map(({ node }) =>
      preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
    )
    return normalise(sums)
  },
}

type HostPort = { readonly port: number; readonly ip: string; readonly protocol: string }

export const nodePorts: Plugin = {
  name: 'NodePorts',
  paperName: 'PodFitsHostPorts',
  filter: ({ pod }) => {
    const wanted = hostPorts(pod)
    return ({ pods }) => {
      if (wanted.length === 0) return null
      const taken = pods.flatMap(hostPorts)
      const clash = wanted.find((port) => taken.some((other) => collide(port, other)))
      return clash === undefined ? null : `host port ${clash.port}/${clash.protocol} is taken`
    }
  },
}

function hostPorts({ spec }: KubePod): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, ip: hostIP || '0.0.0.0', protocol: protocol || 'TCP' }] : [],
    ),
  )
}

function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')
}

const ZONE_LABELS = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]

export const volumeZone: Plugin = {
  name: 'VolumeZone',
  paperName: 'NoVolumeZoneConflict',
  filter: ({ pod, snapshot }) => {
    const wanted = volumeZones(pod, snapshot)
    return ({ node }) => {
      const labels = labelsOf(node)
      // A cluster without zones takes any volume.
      if (!ZONE_LABELS.some((key) => key in labels)) return null
      const clash = wanted.find(({ key, zones }) => !zones.includes(labels[key] ?? ''))
      return clash === undefined ? null : `a volume is in ${clash.zones.join(' or ')}, the node is not`
    }
  },
}

function volumeZones(pod: KubePod, { volumeLabels }: KubeSnapshot) {
  return (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const labels = persistentVolumeClaim && volumeLabels.get(`${namespaceOf(pod)}/${persistentVolumeClaim.claimName}`)
    // Several zones of one volume are joined by two underscores.
    return ZONE_LABELS.flatMap((key) => (labels?.[key] === undefined ? [] : [{ key, zones: labels[key].split('__') }]))
  })
}

const MEBIBYTE = 1024 * 1024
const IMAGE_BYTES_MIN = 23 * MEBIBYTE
const IMAGE_BYTES_MAX = 1000 * MEBIBYTE

/** Prefers nodes that hold the images, less the fewer nodes hold them: else all pods would go to the first that ran one. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  score: ({ pod, snapshot }, feasible) => {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    const held = new Map(snapshot.nodes.map((info) => [info, imageBytes(info)]))
    const holders = new Map<string, number>()
    for (const images of held.values()) for (const name of images.keys()) holders.set(name, (holders.get(name) ?? 0) + 1)
    const max = IMAGE_BYTES_MAX * containers.length
    return feasible.map((info) => {
      const sum = containers.reduce((bytes, { image }) => {
        const name = fullImageName(image)
        const spread = (holders.get(name) ?? 0) / snapshot.nodes.length
        return bytes + Math.trunc((held.get(info)?.get(name) ?? 0) * spread)
      }, 0)
      return Math.trunc((SCORE_MAX * (Math.min(Math.max(sum, IMAGE_BYTES_MIN), max) - IMAGE_BYTES_MIN)) / (max - IMAGE_BYTES_MIN))
    })
  },
}

function imageBytes({ node }: NodeInfo): Map<string, number> {
  return new Map((node.status?.images ?? []).flatMap(({ names, sizeBytes = 0 }) => (names ?? []).map((name) => [name, sizeBytes] as const)))
}

/** With the tag that is meant when there is none. */
function fullImageName(image: Container['image'] = ''): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
