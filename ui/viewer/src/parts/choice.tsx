/** One of a few, as radio buttons that look like one control. */
import { useId } from 'react'

export interface Option<T extends string> {
  readonly value: T
  readonly title: string
  readonly hint?: string
}

export function Choice<T extends string>({
  legend,
  options,
  value,
  onChange,
  testId,
  isLegendShown = true,
  isDisabled = false,
}: ChoiceProps<T>) {
  const name = useId()
  return (
    <fieldset className="choice" data-testid={testId} disabled={isDisabled}>
      <legend className={isLegendShown ? undefined : 'unseen'}>{legend}</legend>
      <div className="choice-options">
        {options.map((option) => (
          <label key={option.value} title={option.hint} className={option.value === value ? 'is-chosen' : undefined}>
            <input
              type="radio"
              name={name}
              value={option.value}
              data-testid={testId === undefined ? undefined : `${testId}-${option.value}`}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.title}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
interface ChoiceProps<T extends string> {
  readonly legend: string
  readonly options: readonly Option<T>[]
  readonly value: T | null
  readonly onChange: (value: T) => void
  readonly testId?: string
  readonly isLegendShown?: boolean
  readonly isDisabled?: boolean
}
