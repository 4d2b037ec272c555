// For each NAME.net in a folder, the values of all layers for NAME.image, written to NAME.values.

import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Network, unpack } from "../../../lenet/ui/network/engine.js"

const folder = process.argv[2]
for (const file of readdirSync(folder).filter((name) => name.endsWith(".net"))) {
  const path = join(folder, file.slice(0, -4))
  const image = new Float32Array(new Uint8Array(readFileSync(`${path}.image`)).buffer)
  const network = new Network(unpack(new Uint8Array(readFileSync(`${path}.net`))))
  network.run(new Float32Array(image.length)) // the second pass must not show what the first one left behind
  writeFileSync(`${path}.values`, network.run(image).cells)
}
