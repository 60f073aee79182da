/** What node and the browser run for tests/web/javascript.py: call a function, many times. */

/**
 * Answer a request: import its module and call its function with each of its lists of arguments.
 *
 * @param {string} text JSON of {module, function, inputs}, encoded as javascript.py tells
 * @returns {Promise<string>} JSON of the list of results
 */
export async function answer(text) {
  const request = JSON.parse(text, (_, value) => decode(value));
  const module = await import(`../${request.module}`);
  const called = module[request.function];
  if (typeof called !== "function") {
    throw new Error(`${request.module} exports no function ${request.function}`);
  }
  const results = [];
  for (const given of request.inputs) {
    try {
      results.push(encode(await called(...given)));
    } catch (error) {
      results.push({ $thrown: [String(error?.name), String(error?.message ?? error)] });
    }
  }
  return JSON.stringify(results);
}

function decode(value) {
  if (value?.$number !== undefined) return Number(value.$number);
  if (value?.$array === undefined) return value;
  const text = atob(value.base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new globalThis[value.$array](bytes.buffer);
}

function encode(value) {
  if (typeof value === "number") {
    const isPlain = Number.isFinite(value) && !Object.is(value, -0);
    return isPlain ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (ArrayBuffer.isView(value)) {
    return { $array: value.constructor.name, base64: base64(value) };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encode(inner)]));
  }
  return value ?? null;
}

function base64(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(text);
}
