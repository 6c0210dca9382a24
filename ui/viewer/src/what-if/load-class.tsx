/** The DHS load class with every number it comes from, so that it can be checked by hand. */
import type { LoadClass } from '../../../../models/contracts/what-if.ts'
import { ALGORITHM_TITLES } from './question.ts'

export const CLASS_NAMES: Readonly<Record<LoadClass['className'], string>> = {
  'U-H': 'unbalanced, heavy',
  'U-L': 'unbalanced, light',
  'B-H': 'balanced, heavy',
  'B-L': 'balanced, light',
}

export function LoadClassCard({ loadClass }: { loadClass: LoadClass }) {
  const { className, algorithm, cameras, tMinSeconds, tMeanSeconds, tMaxSeconds, delta1Seconds, delta2 } = loadClass
  const above = tMaxSeconds - tMeanSeconds
  const below = tMeanSeconds - tMinSeconds
  const isUnbalanced = className.startsWith('U')
  const isHeavy = className.endsWith('H')
  return (
    <section className="card">
      <h3>
        Load class {className}{' '}
        <span className="fine">
          {CLASS_NAMES[className]}: DHS takes {ALGORITHM_TITLES[algorithm]}
        </span>
      </h3>
      <dl className="figures">
        {(
          [
            ['t_min', tMinSeconds],
            ['t_mean', tMeanSeconds],
            ['t_max', tMaxSeconds],
          ] as const
        ).map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{seconds(value)}</dd>
          </div>
        ))}
        <div>
          <dt>A / n</dt>
          <dd>
            {loadClass.requestCount} / {loadClass.cameraCount}
          </dd>
        </div>
      </dl>
      <ul className="plain fine reasons">
        <li>
          t_max − t_mean = {seconds(above)}, t_mean − t_min = {seconds(below)}: {isUnbalanced ? 'one is above' : 'both within'} δ1 ={' '}
          {delta1Seconds} s
        </li>
        <li>
          A / n = {loadClass.requestsPerCamera.toFixed(2)} {isHeavy ? '≥' : '<'} δ2 = {delta2}
        </li>
        <li>t_i: {cameras.length === 0 ? 'no camera' : cameras.map((each) => `${each.camera} ${seconds(each.seconds)}`).join(' · ')}</li>
      </ul>
    </section>
  )
}

const seconds = (value: number) => `${value.toFixed(value < 10 ? 3 : 1)}\u00a0s`
