/** Labelled inputs. Numbers keep what was typed until it is a number in range; nothing is corrected behind one's back. */
import { useId } from 'react'

export function SelectField({ label, value, options, onChange, titles, isLabelShown = true, testId }: SelectProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id} className={isLabelShown ? undefined : 'unseen'}>
        {label}
      </label>
      <select id={id} value={value} data-testid={testId} disabled={options.length === 0} onChange={({ target }) => onChange(target.value)}>
        {options.length === 0 ? <option value="">none there</option> : null}
        {options.map((option) => (
          <option key={option} value={option}>
            {titles?.[option] ?? option}
          </option>
        ))}
      </select>
    </div>
  )
}
interface SelectProps {
  readonly label: string
  readonly value: string
  readonly options: readonly string[]
  readonly onChange: (value: string) => void
  readonly titles?: Readonly<Record<string, string>>
  readonly isLabelShown?: boolean
  readonly testId?: string
}

export function TextField({ label, value, onChange, type = 'text', problem, ...rest }: TextProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        aria-invalid={problem !== undefined}
        title={problem}
        onChange={({ target }) => onChange(target.value)}
        {...rest}
      />
    </div>
  )
}
interface TextProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly type?: 'text' | 'number' | 'datetime-local' | 'password'
  readonly problem?: string | undefined
  readonly step?: string | number
  readonly min?: number
  readonly max?: number
  readonly placeholder?: string
}

/** Lines of text; Ctrl or Cmd with Enter sends them. */
export function AreaField({ label, value, testId, placeholder, onChange, onEnter }: AreaProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={3}
        spellCheck={false}
        value={value}
        data-testid={testId}
        placeholder={placeholder}
        onChange={({ target }) => onChange(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onEnter?.()
        }}
      />
    </div>
  )
}
interface AreaProps {
  readonly label: string
  readonly value: string
  readonly testId: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
  readonly onEnter?: () => void
}
