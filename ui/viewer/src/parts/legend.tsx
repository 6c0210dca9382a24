/** The few signs without which the map cannot be read; the help has all of them. */

export function Legend() {
  return (
    <ul className="plain legend" aria-label="Signs on the map">
      <li>
        <i className="legend-box is-filled" /> runs
      </li>
      <li>
        <i className="legend-box" /> waits
      </li>
      <li>
        <i className="legend-line" /> works for
      </li>
      <li>
        <i className="legend-line is-dashed" /> queued for
      </li>
    </ul>
  )
}
