// The weights of a network that only this session has: they come once, as one binary message.

import { register } from "./reader.js"

export default function ({ data }) {
  register(data)
}
