/** Where things on the map stand, px from its top left corner. */

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
export interface Placed extends Box {
  readonly name: string
}
export interface PlacedNode extends Placed {
  /** From its top: the part that is the node itself and not a thing on it. */
  readonly targetPx: number
  readonly accelerators: readonly Placed[]
}
export interface Title {
  readonly text: string
  readonly x: number
  readonly y: number
}
export interface SiteLayout {
  readonly density: Density
  readonly width: number
  readonly height: number
  readonly titles: readonly Title[]
  readonly nodes: readonly PlacedNode[]
  readonly cameras: readonly Placed[]
}
export type Density = 'roomy' | 'compact' | 'grid'
