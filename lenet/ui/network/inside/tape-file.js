// Weights in half precision, as a tape keeps them. Nothing here touches the page.

/** The number that sixteen bits stand for (IEEE 754, binary16). */
export function halfOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction)
}

/** Tensors of a safetensors file in half precision: name -> Float32Array. Raises an Error for anything else. */
export function halvesOf(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)))
  delete header.__metadata__
  const parts = Object.entries(header).map(
    ([
      name,
      {
        dtype,
        data_offsets: [start, end],
      },
    ]) => {
      if (dtype !== "F16") throw new Error(`${name} holds ${dtype}, not 16-bit floats`)
      return [name, Float32Array.from(new Uint16Array(buffer.slice(8 + length + start, 8 + length + end)), halfOf)]
    },
  )
  return Object.fromEntries(parts)
}
