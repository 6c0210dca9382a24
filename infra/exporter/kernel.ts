/** What the readers of the kernel's files share: where its trees are, how a load becomes a share, who holds a device, whose it is. */

export interface KernelRoots {
  readonly proc: string
  readonly sys: string
}

/** The share of `total` that `busy` grew by since the last call for `key`; unknown the first time and when nothing grew. */
export type Shares = (key: string, now: { readonly busy: number; readonly total: number }) => number | undefined

/** Whether a process has one of these device files open; undefined when we may not look. */
export type Holders = (paths: readonly string[]) => 'allocated' | 'unallocated' | undefined

export const VENDORS: Readonly<Record<string, string>> = {
  '0x1002': 'AMD',
  '0x1022': 'AMD',
  '0x10de': 'NVIDIA',
  '0x10ee': 'Xilinx',
  '0x1da3': 'Habana',
  '0x17cb': 'Qualcomm',
  '0x8086': 'Intel',
}
