/** Every application that edgetwin knows by itself. The order fixes their letters in the image registry. */
import { alexnet } from './alexnet.ts'
import type { Application } from './application.ts'
import { googlenet } from './googlenet.ts'
import { recognitions } from './recognition.ts'
import { resnet50 } from './resnet50.ts'
import { yolov4 } from './yolov4.ts'

export const APPLICATIONS: readonly Application[] = [...recognitions, alexnet, googlenet, resnet50, yolov4]

const byName = new Map(APPLICATIONS.map((application) => [application.name, application]))

export function applicationNamed(name: string): Application | null {
  return byName.get(name) ?? null
}
