/**
 * Reading what stands packed in a page that `inkgrad export --html` has made.
 *
 * The other side of `inkgrad/export/pack.py`: text to bytes, deflated or not, and a model whose
 * float16 numbers are in two planes of bytes, or whose weights are whole numbers.
 *
 * @module
 */

const FIRST = 0x21; // of the characters
const LEFT_OUT = [..."<&\\"].map((character) => character.charCodeAt(0));
const BASE = 0x7f - FIRST - LEFT_OUT.length; // 91: two of them hold 13 bits
const BITS = 13;

const VALUES = new Uint8Array(0x80);
for (let code = FIRST, value = 0; code < 0x7f; code++) {
  if (!LEFT_OUT.includes(code)) VALUES[code] = value++;
}

/**
 * Read bytes from text: the number of bytes, a space, and two characters for 13 bits each.
 *
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 *
 * @example
 * fromText("3 H(l6"); // Uint8Array [0x69, 0x6e, 0x6b]
 */
export function fromText(text) {
  const space = text.indexOf(" ");
  const bytes = new Uint8Array(Number(text.slice(0, space)));
  let bits = 0; // those read and not yet written, the lowest `held` ones
  let held = 0;
  let end = 0;
  for (let at = space + 1; end < bytes.length; at += 2) {
    const number = VALUES[text.charCodeAt(at)] * BASE + VALUES[text.charCodeAt(at + 1)];
    bits = ((bits << BITS) | number) & 0xfffff; // held < 8 before, so 20 bits at most
    held += BITS;
    while (held >= 8 && end < bytes.length) {
      held -= 8;
      bytes[end++] = bits >> held;
    }
  }
  return bytes;
}

/**
 * Inflate bytes (RFC 1951).
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Read a text, such as a script.
 *
 * @param {string} packed
 * @returns {Promise<string>}
 */
export async function unpackText(packed) {
  return new TextDecoder().decode(await inflate(fromText(packed)));
}

/**
 * Read a model: a safetensors file; of one in float16, the high bytes of all numbers come first.
 *
 * @param {string} packed
 * @param {string} weights "float16" or "int8"
 * @returns {Promise<Uint8Array>} the file
 */
export async function unpackModel(packed, weights) {
  const file = await inflate(fromText(packed));
  return weights === "float16" ? joinPlanes(file) : file;
}

/**
 * Put the two bytes of every number side by side again.
 *
 * @param {Uint8Array} planes header, high bytes, low bytes
 * @returns {Uint8Array}
 */
export function joinPlanes(planes) {
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const numbers = (planes.length - start) / 2;
  const bytes = planes.slice();
  for (let i = 0; i < numbers; i++) {
    bytes[start + 2 * i] = planes[start + numbers + i];
    bytes[start + 2 * i + 1] = planes[start + i];
  }
  return bytes;
}
