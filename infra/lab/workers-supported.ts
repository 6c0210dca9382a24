/** Whether this machine lets us make real workers: they need rights that containers and ordinary users seldom have. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export type Supported = { readonly ok: true } | { readonly ok: false; readonly reason: string }

const TOOLS = ['bash', 'unshare', 'nsenter', 'ip', 'mount', 'umount', 'ldd'] as const
export const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'devices', 'freezer', 'blkio', 'systemd'] as const

export function workersSupported(): Supported {
  const no = (reason: string): Supported => ({ ok: false, reason: `real workers ${reason}` })
  if (process.platform !== 'linux') return no(`need Linux, and this is ${process.platform}`)
  if (process.getuid?.() !== 0) return no('need root, for namespaces and mounts of their own')
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length > 0) return no(`need ${missing.join(', ')}: install util-linux and iproute2`)
  const groups = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8'))
  const lacking = CONTROLLERS.filter((controller) => !existsSync(groups.get(controller) ?? ''))
  if (lacking.length > 0) return no(`need cgroups of version 1, each controller by itself, and ${lacking.join(', ')} is not there so`)
  const { status, stderr } = spawnSync('unshare', ['--mount', '--cgroup', '--net', '--uts', '--ipc', '--pid', '--fork', 'true'])
  return status === 0 ? { ok: true } : no(`need namespaces of their own, and unshare says: ${stderr.toString().trim()}`)
}

/** @param text of /proc/self/cgroup @returns the folder by controller; controllers that share one are left out. */
export function ownCgroups(text: string): ReadonlyMap<string, string> {
  const lines = [...text.matchAll(/^\d+:(?:name=)?(\w+):(.+)$/gm)]
  return new Map(lines.map(([, controller, path]) => [controller!, `/sys/fs/cgroup/${controller}${path === '/' ? '' : path}`]))
}
