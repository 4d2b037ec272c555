// The kernels of a network as files to keep.

const ZOOM = 20 // pixels of a weight
const GAP = 12
const NAME = 18 // pixels of the name above a kernel

/** Every weight, to the last figure; everything is counted from 0. */
export function csvOf(layers) {
  const lines = layers.flatMap(({ stage, count, inputs, side, grid }) =>
    Array.from({ length: count * inputs }, (_, at) => [Math.floor(at / inputs), at % inputs]).flatMap(([kernel, map]) =>
      Array.from(grid(kernel, map), (weight, cell) =>
        [stage.name, kernel, map, Math.floor(cell / side), cell % side, shortest(weight)].join(","),
      ),
    ),
  )
  return `${["layer,kernel,input_map,row,column,weight", ...lines].join("\n")}\n`
}

/** The fewest figures that stand for just this float32. */
export function shortest(value) {
  for (let figures = 1; figures < 9; figures++) {
    const text = Number(value.toPrecision(figures))
    if (Math.fround(text) === value) return `${text}`
  }
  return `${Number(value.toPrecision(9))}`
}

/** All kernels of a layer with their numbers, on white. kernelPicture: draws one, a pixel a weight. */
export function pictureOf(layer, kernelPicture) {
  const { count, most } = layer
  const pictures = Array.from({ length: count }, (_, kernel) => kernelPicture(layer, kernel, most, ""))
  const [wide, high] = [pictures[0].width * ZOOM + GAP, pictures[0].height * ZOOM + NAME + GAP]
  const across = Math.max(1, Math.min(count, Math.round(Math.sqrt((count * high * 1.5) / wide))))
  const sheet = document.createElement("canvas")
  Object.assign(sheet, { width: across * wide + GAP, height: Math.ceil(count / across) * high + GAP })
  const context = sheet.getContext("2d")
  context.fillStyle = "#fff"
  context.fillRect(0, 0, sheet.width, sheet.height)
  Object.assign(context, { fillStyle: "#000", font: "14px sans-serif", imageSmoothingEnabled: false })
  pictures.forEach((picture, kernel) => {
    const [x, y] = [GAP + (kernel % across) * wide, GAP + Math.floor(kernel / across) * high]
    context.fillText(`kernel ${kernel}`, x, y + NAME - 5)
    context.drawImage(picture, x, y + NAME, picture.width * ZOOM, picture.height * ZOOM)
  })
  return sheet
}

/** Have the browser keep a file. */
export function save(file, name) {
  const url = URL.createObjectURL(file)
  Object.assign(document.createElement("a"), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
