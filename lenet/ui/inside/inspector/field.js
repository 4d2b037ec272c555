// What a cell sees in the layers before it and feeds in the layers behind it. Nothing here touches the page.
// A field is { map, plane }: one byte for each cell of a map, the same in all maps (map -1) or in one of them.

function only(stage, cell) {
  const [, rows, columns] = stage.shape
  const plane = new Uint8Array(rows * columns)
  plane[cell % (rows * columns)] = 1
  return { map: Math.floor(cell / (rows * columns)), plane }
}

/** All cells of the stage (a flat layer's last row may be shorter than its rectangle). */
function everything({ shape: [maps, rows, columns], values }) {
  const plane = new Uint8Array(rows * columns)
  plane.fill(1, 0, maps === 1 ? values.length : undefined)
  return { map: -1, plane }
}

const any = ({ plane }) => plane.includes(1)

function count(field, stage) {
  let cells = 0
  for (const byte of field.plane) cells += byte
  return field.map < 0 ? cells * stage.shape[0] : cells
}

/** The fields that the cell sees, by number of the stage, from the first to its own. */
function sees(net, number, cell) {
  const fields = []
  fields[number] = only(net.stages[number], cell)
  for (let at = number; at > 0; at--) fields[at - 1] = back(net.stages[at], net.stages[at - 1], fields[at])
  return fields
}

/** The fields that the cell feeds, by number of the stage, from the one behind it on. */
function feeds(net, number, cell) {
  const fields = []
  let field = only(net.stages[number], cell)
  for (let at = number + 1; at < net.stages.length; at++) fields[at] = field = forth(net.stages[at], net.stages[at - 1], field)
  return fields
}

/** Which cells of `before` those of `field`, a field of `stage`, look at. */
function back(stage, before, field) {
  const [, rows, columns] = before.shape, [, outRows, outColumns] = stage.shape
  const plane = new Uint8Array(rows * columns)
  switch (stage.kind) {
    case "conv":
    case "pool": {
      const [kernel, stride, padding] = stage.window
      for (let r = 0; r < outRows; r++)
        for (let c = 0; c < outColumns; c++) {
          if (!field.plane[r * outColumns + c]) continue
          for (let i = Math.max(0, r * stride - padding); i < Math.min(rows, r * stride - padding + kernel); i++)
            for (let j = Math.max(0, c * stride - padding); j < Math.min(columns, c * stride - padding + kernel); j++)
              plane[i * columns + j] = 1
        }
      return { map: stage.kind === "conv" ? -1 : field.map, plane }
    }
    case "flatten": {
      const cells = field.plane.subarray(0, stage.values.length)
      const first = cells.indexOf(1)
      if (first < 0) return { map: -1, plane }
      return cells.lastIndexOf(1) === first ? only(before, first) : everything(before)
    }
    case "sequence": { // [steps, channels] -> [channels, rows, columns]
      const channels = new Set()
      field.plane.forEach((byte, at) => {
        if (!byte) return
        channels.add(at % outColumns)
        plane[Math.floor(at / outColumns)] = 1
      })
      return { map: channels.size === 1 ? [...channels][0] : -1, plane }
    }
    case "last":
      plane.set(field.plane.subarray(0, stage.values.length), plane.length - stage.values.length)
      return { map: -1, plane }
    case "rnn":
    case "lstm":
      if (stage.along) return any(field) ? everything(before) : { map: -1, plane }
      plane.fill(1, 0, columns * (Math.floor(field.plane.lastIndexOf(1) / outColumns) + 1))
      return { map: -1, plane }
    case "linear":
    case "softmax":
      return any(field) ? everything(before) : { map: -1, plane }
    default:
      return field
  }
}

/** Which cells of `stage` look at those of `field`, a field of `before`. */
function forth(stage, before, field) {
  const [, rows, columns] = stage.shape, [, inRows, inColumns] = before.shape
  const plane = new Uint8Array(rows * columns)
  switch (stage.kind) {
    case "conv":
    case "pool": {
      const [kernel, stride, padding] = stage.window
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
          for (let i = Math.max(0, r * stride - padding); i < Math.min(inRows, r * stride - padding + kernel); i++)
            for (let j = Math.max(0, c * stride - padding); j < Math.min(inColumns, c * stride - padding + kernel); j++)
              if (field.plane[i * inColumns + j]) plane[r * columns + c] = 1
      return { map: stage.kind === "conv" ? -1 : field.map, plane }
    }
    case "flatten": {
      const size = inRows * inColumns
      for (let map = 0; map < before.shape[0]; map++) if (field.map < 0 || field.map === map) plane.set(field.plane, map * size)
      return { map: -1, plane }
    }
    case "sequence":
      for (let step = 0; step < rows; step++)
        for (let channel = 0; channel < columns; channel++)
          if (field.plane[step] && (field.map < 0 || field.map === channel)) plane[step * columns + channel] = 1
      return { map: -1, plane }
    case "last":
      plane.set(field.plane.subarray(field.plane.length - stage.values.length))
      return { map: -1, plane }
    case "rnn":
    case "lstm": {
      if (stage.along) return any(field) ? everything(stage) : { map: -1, plane }
      const first = field.plane.indexOf(1)
      if (first >= 0) plane.fill(1, Math.floor(first / inColumns) * columns)
      return { map: -1, plane }
    }
    case "linear":
    case "softmax":
      return any(field) ? everything(stage) : { map: -1, plane }
    default:
      return field
  }
}
