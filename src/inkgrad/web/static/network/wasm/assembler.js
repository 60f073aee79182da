/**
 * A small assembler for WebAssembly: from instructions, written as values, to a module's bytes.
 *
 * WebAssembly is a stack machine. An instruction takes its operands from the stack and leaves its
 * result there, so x · y + z is written
 *
 *     [get("x"), get("y"), I32.mul, get("z"), I32.add]
 *
 * Lists of instructions may be nested, so a part of a program can be made by a function. Here is
 * what `kernels.js` needs, and no more: one memory, functions with named variables, loops that
 * count, and arithmetic on four 32-bit floats at once (SIMD, a `v128`).
 *
 * The format: *WebAssembly Core Specification 2.0*, chapter 5, https://www.w3.org/TR/wasm-core-2/.
 *
 * @module
 */

/** A number type, by its code. @typedef {number} Type */

/**
 * An instruction: its bytes, or what becomes bytes when it is known where a variable lies.
 *
 * @typedef {number[] | { code: number, variable: string }} Instruction
 */

/** @typedef {Instruction | Code[]} Code instructions in a row, nested as one likes */

/**
 * A function; the caller gives the parameters, and the locals begin as 0. It returns nothing: ours
 * write to the memory.
 *
 * @typedef {object} Definition
 * @property {Record<string, Type>} parameters in order
 * @property {Record<string, Type>} locals
 * @property {Code} body
 */

/** The types of variables. */
export const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

const SIMD = 0xfd; // comes before the code of every instruction on v128
const VOID = 0x40; // a block that leaves nothing on the stack
const SECTIONS = { types: 1, functions: 3, memory: 5, exports: 7, code: 10 };

/** Whole numbers and addresses. */
export const I32 = {
  add: [0x6a],
  subtract: [0x6b],
  multiply: [0x6c],
  and: [0x71],
  /** Shift right; zeros come in from the left. */
  shift: [0x76],

  /** @param {number} value */
  constant: (value) => [0x41, ...signed(value)],

  /**
   * Load the number at an address.
   *
   * @param {number} [offset] is added to the address, in bytes
   */
  load: (offset = 0) => [0x28, 2, ...unsigned(offset)], // 2: addresses are multiples of 2²
};

/** Four 32-bit floats at once. */
export const F32X4 = {
  add: [SIMD, ...unsigned(0xe4)],
  multiply: [SIMD, ...unsigned(0xe6)],
  /** Of a and b: b where a < b, else a. */
  larger: [SIMD, ...unsigned(0xeb)], // f32x4.pmax
  /** Make four of one. */
  splat: [SIMD, ...unsigned(0x13)],

  /**
   * Load four numbers.
   *
   * @param {number} [offset] in bytes
   */
  load: (offset = 0) => [SIMD, 0x00, 2, ...unsigned(offset)],

  /**
   * Load one number, and make four of it.
   *
   * @param {number} [offset] in bytes
   */
  loadSplat: (offset = 0) => [SIMD, 0x09, 2, ...unsigned(offset)],

  /**
   * Store four numbers; the address lies below them on the stack.
   *
   * @param {number} [offset] in bytes
   */
  store: (offset = 0) => [SIMD, 0x0b, 2, ...unsigned(offset)],
};

/**
 * Put a variable's value on the stack.
 *
 * @param {string} variable
 * @returns {Instruction}
 */
export function get(variable) {
  return { code: 0x20, variable };
}

/**
 * Work something out and give it to a variable.
 *
 * @param {string} variable
 * @param {...Code} value
 * @returns {Code}
 *
 * @example
 * set("at", get("first"), I32.constant(16), I32.add); // at = first + 16
 */
export function set(variable, ...value) {
  return [value, { code: 0x21, variable }];
}

/**
 * Add a constant to a variable: at += 16.
 *
 * @param {string} variable
 * @param {number} amount
 * @returns {Code}
 */
export function increase(variable, amount) {
  return set(variable, get(variable), I32.constant(amount), I32.add);
}

/**
 * Do something as often as a variable says, which is 0 in the end; at least once.
 *
 * @param {string} counter
 * @param {...Code} body
 * @returns {Code}
 */
export function repeat(counter, ...body) {
  const again = [
    set(counter, get(counter), I32.constant(1), I32.subtract),
    get(counter),
    [0x0d, 0],
  ];
  return [[0x03, VOID], body, again, END]; // loop … br_if 0, to its beginning
}

/**
 * Do something if a variable is not 0.
 *
 * @param {string} variable
 * @param {...Code} body
 * @returns {Code}
 */
export function unlessZero(variable, ...body) {
  return [get(variable), [0x04, VOID], body, END]; // if … end
}

const END = [0x0b];

/**
 * Return the bytes of a module with a memory of one page (64 KiB), which can grow, and functions;
 * all of them are exported by name.
 *
 * @param {Record<string, Definition>} functions
 * @returns {Uint8Array<ArrayBuffer>}
 *
 * @example
 * const bytes = assemble({ f: { parameters: { at: TYPES.i32 }, locals: {}, body: [] } });
 * const { memory, f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
 */
export function assemble(functions) {
  const all = Object.values(functions);
  const types = all.map(({ parameters }) => [0x60, ...list(Object.values(parameters)), 0]);
  const names = Object.keys(functions);
  const exported = names.map((each, i) => [...text(each), 0x00, ...unsigned(i)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d], // "\0asm"
    ...[1, 0, 0, 0], // the format's version
    ...section(SECTIONS.types, types),
    ...section(
      SECTIONS.functions,
      all.map((_, i) => unsigned(i)),
    ), // each has a type of its own
    ...section(SECTIONS.memory, [[0x00, 1]]), // no maximum; one page
    ...section(SECTIONS.exports, [...exported, [...text("memory"), 0x02, 0]]),
    ...section(SECTIONS.code, all.map(encode)),
  ]);
}

/**
 * Return a function's code: its size, its locals, its instructions.
 *
 * @param {Definition} definition
 * @returns {number[]}
 */
function encode({ parameters, locals, body }) {
  const variables = [...Object.keys(parameters), ...Object.keys(locals)];
  const declared = Object.values(locals).map((type) => [1, type]); // one of this type, one of …
  const bytes = [...vector(declared), ...flattened(body, variables), ...END];
  return [...unsigned(bytes.length), ...bytes];
}

/**
 * Return code as bytes, variables by their numbers.
 *
 * @param {Code} code
 * @param {string[]} variables
 * @returns {number[]}
 */
function flattened(code, variables) {
  if (!Array.isArray(code)) {
    const at = variables.indexOf(code.variable);
    if (at < 0) throw new Error(`there is no variable ${code.variable}`);
    return [code.code, ...unsigned(at)];
  }
  return code.flatMap((each) => (typeof each === "number" ? each : flattened(each, variables)));
}

/**
 * Return a section: its number, its size in bytes, and how many entries it has before them.
 *
 * @param {number} id
 * @param {number[][]} entries
 */
function section(id, entries) {
  const bytes = vector(entries);
  return [id, ...unsigned(bytes.length), ...bytes];
}

/** @param {number[][]} entries */
function vector(entries) {
  return [...unsigned(entries.length), ...entries.flat()];
}

/** @param {number[]} bytes */
function list(bytes) {
  return [...unsigned(bytes.length), ...bytes];
}

/** @param {string} name in ASCII */
function text(name) {
  return list([...name].map((character) => character.charCodeAt(0)));
}

/**
 * Return a whole number of at least 0 in LEB128: seven bits a byte, the lowest first; the eighth
 * bit says that more follow.
 *
 * @param {number} value below 2³¹
 * @returns {number[]}
 *
 * @example
 * unsigned(624485); // [0xe5, 0x8e, 0x26]
 */
export function unsigned(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >> 7)];
}

/**
 * Return a whole number in signed LEB128: as above, and the last byte's seventh bit is the sign.
 *
 * @param {number} value from −2³¹ to 2³¹ − 1
 * @returns {number[]}
 *
 * @example
 * signed(-123456); // [0xc0, 0xbb, 0x78]
 */
export function signed(value) {
  const isLast = -0x40 <= value && value < 0x40;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
