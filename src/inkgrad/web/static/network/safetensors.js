/**
 * Files of named arrays: eight bytes that say how long the header is, the header (JSON), numbers.
 *
 * The format is that of https://github.com/huggingface/safetensors, with arrays of 32-bit floats
 * and, to be read only, of 16-bit ones and of weights that are whole numbers times a scale for each
 * channel, as `inkgrad/export/rounding.py` writes them.
 *
 * @module
 */

import { ModelError, inShort } from "../errors.js";
import { JsonError, parseJson } from "../json.js";
import { volume } from "../layers/layer.js";

/**
 * @typedef {object} Tensor
 * @property {number[]} shape
 * @property {Float32Array} data
 */

/** @type {Record<string, number>} */
const WIDTHS = { F32: 4, F16: 2, I8: 1 }; // bytes a number
const SCALE = ".scale"; // of an array of whole numbers: its name, and this
const LENGTH = 8; // bytes before the header
const METADATA = "__metadata__"; // the header's entry that is no array

/**
 * Read a file, trusting nothing in it.
 *
 * @param {Uint8Array} bytes
 * @param {string} [where] how an error calls the file
 * @returns {{metadata: Record<string, string>, tensors: Record<string, Tensor>}}
 * @throws {ModelError} if it is not of this format, or holds arrays of other types
 */
export function readSafetensors(bytes, where = "the file") {
  try {
    const { header, body } = split(bytes);
    const { [METADATA]: metadata = {}, ...entries } = header;
    if (!isObject(metadata) || !Object.values(metadata).every((v) => typeof v === "string")) {
      throw new ModelError("its metadata is not texts by name");
    }
    checkPlaces(entries, body.length);
    /** @type {Record<string, Tensor>} */
    const tensors = Object.fromEntries(
      Object.entries(entries).map(([name, { dtype, shape, data_offsets: at }]) => {
        const part = body.slice(at[0], at[1]).buffer; // a copy: arrays must begin at a multiple
        return [name, { shape, data: READERS[dtype](part) }];
      }),
    );
    for (const [name, { dtype }] of Object.entries(entries)) {
      if (dtype === "I8") scaleUp(tensors, name);
    }
    return { metadata, tensors };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(`${where} is not a readable safetensors file: ${error.message}`);
  }
}

/**
 * Write a file of 32-bit floats.
 *
 * @param {Record<string, Tensor>} tensors
 * @param {Record<string, string>} metadata
 * @returns {Uint8Array} the same tensors give the same bytes
 */
export function writeSafetensors(tensors, metadata) {
  /** @type {Record<string, unknown>} */
  const header = { [METADATA]: metadata };
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  let text = JSON.stringify(header);
  const encoder = new TextEncoder();
  // Filled up with blanks, so that the numbers begin at a multiple of 8 bytes.
  text += " ".repeat(-encoder.encode(text).length & (LENGTH - 1));
  const encoded = encoder.encode(text);
  const bytes = new Uint8Array(LENGTH + encoded.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, LENGTH);
  let at = LENGTH + encoded.length;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Return the header's values and the bytes after it.
 *
 * @param {Uint8Array} bytes
 * @returns {{ header: Record<string, any>, body: Uint8Array }}
 */
function split(bytes) {
  if (bytes.length < LENGTH) throw new ModelError(`it has ${bytes.length} bytes only`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - LENGTH) {
    throw new ModelError(`its header would have ${length} bytes, but the file ends before`);
  }
  let header;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    header = parseJson(decoder.decode(bytes.subarray(LENGTH, LENGTH + length)));
  } catch (error) {
    const what = error instanceof JsonError ? error.message : "not text in UTF-8";
    throw new ModelError(`its header cannot be read: ${what}`);
  }
  if (!isObject(header)) throw new ModelError("its header is not an object");
  return { header, body: bytes.subarray(LENGTH + length) };
}

/**
 * Throw unless the arrays lie one after the other and fill the file to its end.
 *
 * @param {Record<string, any>} entries
 * @param {number} size
 */
function checkPlaces(entries, size) {
  for (const [name, entry] of Object.entries(entries)) {
    if (!isObject(entry) || !isCounts(entry.shape) || !isCounts(entry.data_offsets)) {
      throw new ModelError(`it does not say what shape ${inShort(name)} has, or where it is`);
    }
    if (!Object.hasOwn(WIDTHS, entry.dtype)) {
      throw new ModelError(
        `${inShort(name)} is of type ${inShort(entry.dtype)}; it must be F32, F16 or I8`,
      );
    }
  }
  let end = 0;
  const inOrder = Object.entries(entries).sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  for (const [name, { dtype, shape, data_offsets: at }] of inOrder) {
    if (at.length !== 2 || at[0] !== end || at[1] - at[0] !== volume(shape) * WIDTHS[dtype]) {
      throw new ModelError(`the place of ${inShort(name)} does not fit its shape or the others`);
    }
    end = at[1];
  }
  if (end !== size) throw new ModelError(`its arrays take ${end} bytes, but it has ${size}`);
}

/** @type {Record<string, (buffer: ArrayBufferLike) => Float32Array>} */
const READERS = {
  F32: (buffer) => new Float32Array(buffer),
  F16: fromHalf,
  I8: (buffer) => Float32Array.from(new Int8Array(buffer)),
};

/**
 * Multiply whole numbers by the scales of their channels, which are then no array of their own: of
 * filters (filters, maps, rows, columns) one a filter, of (inputs, outputs) one an output.
 *
 * @param {Record<string, Tensor>} tensors
 * @param {string} name
 */
function scaleUp(tensors, name) {
  const { shape, data } = tensors[name];
  const scale = tensors[name + SCALE];
  const isFilters = shape.length === 4;
  const channels = isFilters ? shape[0] : shape[1];
  if (![2, 4].includes(shape.length) || String(scale?.shape) !== String([channels])) {
    throw new ModelError(`${inShort(name)} is of whole numbers without a scale for each channel`);
  }
  const each = isFilters ? volume(shape.slice(1)) : 1;
  data.forEach((whole, i) => {
    data[i] = whole * scale.data[Math.floor(i / each) % channels];
  });
  delete tensors[name + SCALE];
}

/**
 * Return 16-bit floats (sign, 5 bits of exponent, 10 of fraction) as 32-bit ones: exactly.
 *
 * @param {ArrayBufferLike} buffer
 */
function fromHalf(buffer) {
  return Float32Array.from(new Uint16Array(buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isCounts(value) {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
