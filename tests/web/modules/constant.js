/**
 * Return a constant that a module exports.
 *
 * @param {string} module its place in the site
 * @param {string} name
 */
export async function constantOf(module, name) {
  return (await import(`../${module}`))[name];
}
