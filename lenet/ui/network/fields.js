// Cells of a layer and sets of them. A layer's cells are one flat list; `shape` is [maps, rows, columns], and one map
// for a layer that is no picture (its last row may be shorter: `count` cells in all).
// A field is { map, plane }: one byte for each cell of a map, the same in all maps (map -1) or in one of them only.

/** The map, row and column of a cell. */
export function place({ shape: [, rows, columns] }, cell) {
  return [Math.floor(cell / (rows * columns)), Math.floor(cell / columns) % rows, cell % columns]
}

/** One cell of a layer. */
export function only({ shape: [, rows, columns] }, cell) {
  const plane = new Uint8Array(rows * columns)
  plane[cell % (rows * columns)] = 1
  return { map: Math.floor(cell / (rows * columns)), plane }
}

/** All cells of a layer. */
export function everything({ shape: [maps, rows, columns], count }) {
  const plane = new Uint8Array(rows * columns)
  plane.fill(1, 0, maps === 1 ? count : undefined)
  return { map: -1, plane }
}

/** No cell of a layer. */
export function nothing({ shape: [, rows, columns] }) {
  return { map: -1, plane: new Uint8Array(rows * columns) }
}

export const any = ({ plane }) => plane.includes(1)

/** The number of cells in a field of a layer. */
export function size(field, { shape: [maps] }) {
  let cells = 0
  for (const byte of field.plane) cells += byte
  return field.map < 0 ? cells * maps : cells
}
