/** The edits that a question may make to the fork of the twin: what each needs, how it is built and how it reads. */
import { APPLICATIONS } from '../../../../models/applications/applications.ts'
import { deviceModels } from '../../../../models/applications/device-models.ts'
import type { Edit } from '../../../../models/contracts/what-if.ts'
import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import { byName, rate } from '../format.ts'

export type EditKind = Edit['kind']
export type Values = Readonly<Record<string, string>>

export type Field =
  | { readonly name: string; readonly label: string; readonly type: 'choice'; readonly from: Source }
  | { readonly name: string; readonly label: string; readonly type: 'name'; readonly initial: string }
  | {
      readonly name: string
      readonly label: string
      readonly type: 'number'
      readonly initial: string
      readonly min: number
      readonly max: number
    }
type Source = 'node' | 'accelerator' | 'link' | 'camera' | 'application' | 'role' | 'processor' | 'model'

interface EditForm {
  readonly title: string
  readonly fields: readonly Field[]
  readonly build: (values: Values) => Edit
}

const choice = (name: string, label: string, from: Source): Field => ({ name, label, type: 'choice', from })
const node = choice('node', 'Node', 'node')
const accelerator = choice('accelerator', 'Accelerator', 'accelerator')
const camera = choice('camera', 'Camera', 'camera')
const application = choice('application', 'Application', 'application')

export const EDIT_FORMS: Readonly<Record<EditKind, EditForm>> = {
  'lose-node': { title: 'Lose a node', fields: [node], build: (v) => ({ kind: 'lose-node', node: v.node! }) },
  'drain-node': { title: 'Drain a node', fields: [node], build: (v) => ({ kind: 'drain-node', node: v.node! }) },
  'cordon-node': { title: 'Cordon a node', fields: [node], build: (v) => ({ kind: 'cordon-node', node: v.node! }) },
  'lose-accelerator': {
    title: 'Lose an accelerator',
    fields: [accelerator],
    build: (v) => ({ kind: 'lose-accelerator', accelerator: v.accelerator! }),
  },
  'scale-link': {
    title: 'Scale a link',
    fields: [choice('link', 'Link', 'link'), { name: 'factor', label: 'Times', type: 'number', initial: '0.1', min: 0.001, max: 1_000 }],
    build: (v) => ({ kind: 'scale-link', link: v.link!, factor: Number(v.factor) }),
  },
  'set-link': {
    title: 'Set the rate of a link',
    fields: [choice('link', 'Link', 'link'), { name: 'megabits', label: 'Mbit/s', type: 'number', initial: '20', min: 0, max: 1_000_000 }],
    build: (v) => ({ kind: 'set-link', link: v.link!, bytesPerSecond: (Number(v.megabits) * 1e6) / 8 }),
  },
  burst: {
    title: 'Burst of requests',
    fields: [
      camera,
      application,
      { name: 'count', label: 'Requests', type: 'number', initial: '4', min: 1, max: 100 },
      { name: 'frames', label: 'Frames each', type: 'number', initial: '60', min: 1, max: 1_000_000 },
    ],
    build: (v) => ({ kind: 'burst', camera: v.camera!, application: v.application!, count: Number(v.count), frames: Number(v.frames) }),
  },
  'add-camera': {
    title: 'Add a camera',
    fields: [{ name: 'camera', label: 'Name', type: 'name', initial: 'cam-new' }, node, application],
    build: (v) => ({ kind: 'add-camera', camera: v.camera!, node: v.node!, applications: [v.application!] }),
  },
  'remove-camera': { title: 'Remove a camera', fields: [camera], build: (v) => ({ kind: 'remove-camera', camera: v.camera! }) },
  'add-node': {
    title: 'Add a node',
    fields: [
      { name: 'node', label: 'Name', type: 'name', initial: 'node-new' },
      choice('role', 'Role', 'role'),
      choice('model', 'Device model', 'model'),
      { name: 'megabits', label: 'Link, Mbit/s', type: 'number', initial: '1000', min: 0.001, max: 1_000_000 },
    ],
    build: (v) => ({
      kind: 'add-node',
      node: v.node!,
      role: v.role === 'camera' ? 'camera' : 'server',
      accelerators: processorsOf(v.model!).map(({ kind }) => ({
        device: `${kind.toLowerCase()}0`,
        acceleratorKind: kind,
        deviceModel: v.model!,
      })),
      bytesPerSecond: (Number(v.megabits) * 1e6) / 8,
      latencyMs: 1,
    }),
  },
  'add-accelerator': {
    title: 'Add an accelerator',
    fields: [
      node,
      { name: 'device', label: 'Device name', type: 'name', initial: 'gpu1' },
      choice('processor', 'Device model', 'processor'),
    ],
    build: (v) => {
      const [model = '', kind = ''] = (v.processor ?? '').split(' · ')
      const processor = processorsOf(model).find((each) => each.kind === kind) ?? processorsOf(model)[0]!
      return { kind: 'add-accelerator', accelerator: `${v.node}/${v.device}`, acceleratorKind: processor.kind, deviceModel: model }
    },
  },
}

const processorsOf = (model: string) => deviceModels().find(({ name }) => name === model)?.processors ?? []
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

export function choicesFrom(source: Source, entities: EntityMaps): readonly string[] {
  switch (source) {
    case 'node':
      // An observer takes no work, so nothing would follow from its loss.
      return [...entities.node.values()]
        .filter(({ reported }) => reported.identity?.value.role !== 'observer')
        .map(({ name }) => name)
        .sort(byName)
    case 'accelerator':
    case 'link':
    case 'camera':
      return [...entities[source].keys()].sort(byName)
    case 'application': {
      const asked = [...entities.camera.values()].flatMap(({ desired }) => desired.applications)
      return [...new Set([...asked, ...APPLICATIONS.map(({ name }) => name)])]
    }
    case 'role':
      return ['server', 'camera']
    case 'model':
      return deviceModels().map(({ name }) => name)
    case 'processor':
      return deviceModels().flatMap(({ name, processors }) => processors.map(({ kind }) => `${name} · ${kind}`))
  }
}

/** @returns what is wrong with a field's value, null when it can be sent. */
export function faultOf(field: Field, value: string): string | null {
  switch (field.type) {
    case 'choice':
      return value === '' ? `no ${field.label.toLowerCase()} there` : null
    case 'name':
      return NAME.test(value) ? null : 'lower-case letters, digits, "-" or "."'
    case 'number': {
      const number = Number(value)
      return value.trim() !== '' && number >= field.min && number <= field.max ? null : `${field.min} to ${field.max}`
    }
  }
}

export function describeEdit(edit: Edit): string {
  switch (edit.kind) {
    case 'lose-node':
      return `lose ${edit.node}`
    case 'drain-node':
      return `drain ${edit.node}`
    case 'cordon-node':
      return `cordon ${edit.node}`
    case 'add-node':
      return `add ${edit.role} ${edit.node} (${edit.accelerators[0]?.deviceModel}, ${rate(edit.bytesPerSecond)})`
    case 'lose-accelerator':
      return `lose ${edit.accelerator}`
    case 'add-accelerator':
      return `add ${edit.accelerator} (${edit.acceleratorKind}, ${edit.deviceModel})`
    case 'add-camera':
      return `add ${edit.camera}${edit.node === null ? '' : ` in ${edit.node}`} (${edit.applications.join(', ')})`
    case 'remove-camera':
      return `remove ${edit.camera}`
    case 'scale-link':
      return `${edit.link} × ${edit.factor}`
    case 'set-link':
      return `${edit.link} at ${rate(edit.bytesPerSecond)}`
    case 'burst':
      return `${edit.count} × ${edit.application} of ${edit.camera}, ${edit.frames} frames each`
  }
}
