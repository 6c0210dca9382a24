/** GPUs that the kernel shows: /sys/class/drm with what amdgpu, i915, xe and nvidia tell, and the load file of a Jetson. */
import type { DeviceDescription } from '../../connectors/metrics/device-metrics.ts'
import { type Holders, type KernelRoots, VENDORS } from './kernel.ts'
import { known, linkName, list, readScaled, readText } from './kernel-files.ts'

/** These show a picture and compute nothing. */
const DISPLAY_ONLY =
  /^(?:bochs|cirrus|virtio|vmwgfx|vkms|vgem|ast|mgag200|hibmc|simple-framebuffer|simpledrm|efi-framebuffer|udl|evdi|tegra-drm|drm)/
/** gpu.0, 17000000.gp10b (TX2), 17000000.gv11b (Xavier), 17000000.ga10b and 17000000.gpu (Orin), 57000000.gpu (Nano). */
const JETSON_GPU = /^(?:gpu\.\d+|[0-9a-f]+\.(?:gpu|gm20b|gp10b|gv11b|ga10b))$/

export function readGpus(roots: KernelRoots, isHeld: Holders): DeviceDescription[] {
  const cards = list(`${roots.sys}/class/drm`, /^card\d+$/).flatMap((card) => readCard(roots, card, isHeld) ?? [])
  const jetson = readJetson(roots)
  return (jetson === undefined ? cards : [...cards, jetson]).map((gpu, i) => ({ ...gpu, name: `gpu${i}` }))
}

function readCard({ proc, sys }: KernelRoots, card: string, isHeld: Holders): DeviceDescription | undefined {
  const device = `${sys}/class/drm/${card}/device`
  const driver = linkName(`${device}/driver`)
  if (driver !== undefined && DISPLAY_ONLY.test(driver)) return undefined
  const vendorId = readText(`${device}/vendor`)
  const compatible = readText(`${device}/of_node/compatible`)
  const monitor = list(`${device}/hwmon`, /^hwmon\d+$/)[0]
  const sensor = (file: string, divisor: number) =>
    monitor === undefined ? undefined : readScaled(`${device}/hwmon/${monitor}/${file}`, divisor)
  const nvidia = readText(`${proc}/driver/nvidia/gpus/${linkName(device) ?? ''}/information`)
  const pciName = vendorId === undefined ? undefined : `PCI ${vendorId.slice(2)}:${readText(`${device}/device`)?.slice(2)}`
  const nodes = list(`${device}/drm`, /^(?:card|renderD)\d+$/).map((node) => `/dev/dri/${node}`)
  return {
    name: card,
    kind: 'GPU',
    emulated: false,
    ...known({
      vendor: vendorId === undefined ? compatible?.split(',')[0] : (VENDORS[vendorId] ?? vendorId),
      model: readText(`${device}/product_name`) || /^Model:\s*(.+)$/m.exec(nvidia ?? '')?.[1] || pciName || compatible,
      driver,
      state: isHeld(nodes),
      utilizationRatio: readScaled(`${device}/gpu_busy_percent`, 100),
      memoryUsedBytes: readScaled(`${device}/mem_info_vram_used`),
      memoryTotalBytes: readScaled(`${device}/mem_info_vram_total`),
      temperatureCelsius: sensor('temp1_input', 1000),
      powerWatts: sensor('power1_average', 1e6) ?? sensor('power1_input', 1e6),
      energyJoulesTotal: sensor('energy1_input', 1e6),
    }),
  }
}

/** A Jetson has one GPU, and its file says the load in thousandths. */
function readJetson({ proc, sys }: KernelRoots): DeviceDescription | undefined {
  const loads = ['devices', 'devices/platform', 'devices/platform/bus@0'].flatMap((directory) =>
    list(`${sys}/${directory}`, JETSON_GPU).map((name) => readScaled(`${sys}/${directory}/${name}/load`, 1000)),
  )
  const utilizationRatio = loads.find((load) => load !== undefined)
  if (utilizationRatio === undefined) return undefined
  return {
    name: 'gpu',
    kind: 'GPU',
    emulated: false,
    vendor: 'NVIDIA',
    ...known({ model: readText(`${proc}/device-tree/model`) }),
    utilizationRatio,
  }
}
