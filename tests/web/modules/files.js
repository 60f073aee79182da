/** Files as somebody chooses them, for `tests/web/test_strokeforms.py`. */
import { openFile } from "../static/page/files.js";

export async function opened(bytes, name) {
  const { buffer } = Uint8Array.from(bytes);
  const file = { name, size: bytes.length, arrayBuffer: async () => buffer };
  const { collection } = await openFile(file);
  return Object.fromEntries(collection);
}
