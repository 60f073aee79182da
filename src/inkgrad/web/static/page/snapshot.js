/**
 * A part of the page as a picture of its own: an SVG file with all that is seen, or a PNG file.
 *
 * The SVG holds the part's elements as they are (`foreignObject`), each with the styles that it has
 * in the page where they are not the browser's own, and canvases as pictures. Browsers draw it, and
 * whatever shows web pages; programs for drawings may not know `foreignObject`: they take the PNG.
 *
 * @module
 */

import { contextOf, make } from "./elements.js";
import { TEXTS } from "./texts.js";

const XHTML = "http://www.w3.org/1999/xhtml";
const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 16; // pixels of the page around it
const FINE = 2; // pixels of the picture a pixel of the page,
const LARGEST = 16_000; // but no side longer than this: browsers' canvases end there
/** What follows from other properties, and what is about pointers and motion. */
const LEFT_OUT = new RegExp(
  `^(${[
    "-webkit-(locale|text-fill-color)|(block|inline)-size|(perspective|transform)-origin|inset-|--",
    "cursor|pointer-events|user-select|transition|animation|will-change",
  ].join("|")})`,
);
const FORMS = "input, textarea";

/** @typedef {{ svg: string, width: number, height: number }} Snapshot sizes in the page's pixels */

/**
 * Return a part of the page as an SVG file.
 *
 * @param {HTMLElement} element must be shown
 * @returns {Snapshot}
 */
export function takeSnapshot(element) {
  for (const motion of element.getAnimations({ subtree: true })) {
    if (motion.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY) motion.finish();
  }
  const { top, width: inside } = element.getBoundingClientRect();
  // A panel may be higher than what is in it.
  const bottoms = [...element.children].map((child) => child.getBoundingClientRect().bottom);
  const [width, height] = [inside, Math.max(top, ...bottoms) - top].map(
    (n) => Math.ceil(n) + 2 * MARGIN,
  );
  const baseline = new Baseline();
  const other = document.implementation.createHTMLDocument(""); // whose styles no policy forbids
  const paper = other.createElement("div");
  const background = getComputedStyle(document.body).backgroundColor;
  setStyles(paper, { margin: "0", padding: `${MARGIN}px`, background, "box-sizing": "border-box" });
  setStyles(paper, { width: `${width}px`, height: `${height}px`, overflow: "hidden" });
  const copy = copyOf(element, other, baseline);
  setStyles(copy, { margin: "0", height: "auto", "min-height": "0" });
  paper.append(copy);
  baseline.end();
  const root = document.createElementNS(SVG, "svg");
  const sizes = { width, height, viewBox: [0, 0, width, height].join(" ") };
  for (const [name, value] of Object.entries(sizes)) root.setAttribute(name, String(value));
  const all = document.createElementNS(SVG, "foreignObject");
  for (const name of ["width", "height"]) all.setAttribute(name, "100%");
  all.append(paper);
  root.append(all);
  const svg = new XMLSerializer().serializeToString(root);
  return { svg, width, height };
}

/**
 * Return a snapshot as a PNG file.
 *
 * @param {Snapshot} snapshot
 * @returns {Promise<Uint8Array>}
 * @throws {Error} if this browser lets no page have such a picture
 */
export async function toPng({ svg, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(FINE, LARGEST / Math.max(width, height));
  const canvas = make("canvas", {
    width: Math.round(width * scale),
    height: Math.round(height * scale),
  });
  contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve, reject) => {
    try {
      canvas.toBlob(resolve, "image/png");
    } catch {
      reject(new Error(TEXTS.link.noPicture));
    }
  });
  return new Uint8Array(await blob.arrayBuffer());
}

/** What elements look like where a page says nothing of them. */
class Baseline {
  #root = make("div");
  /** @type {Map<string, Map<string, string>>} */
  #known = new Map();

  constructor() {
    setStyles(this.#root, { all: "initial", position: "absolute", visibility: "hidden" });
    document.body.append(this.#root);
  }

  /** @param {Element} element */
  of(element) {
    const { namespaceURI, localName } = element;
    let styles = this.#known.get(localName);
    if (styles === undefined) {
      const plain = /** @type {HTMLElement} */ (document.createElementNS(namespaceURI, localName));
      setStyles(plain, { all: "revert" });
      this.#root.append(plain);
      styles = stylesOf(getComputedStyle(plain));
      this.#known.set(localName, styles);
    }
    return styles;
  }

  end() {
    this.#root.remove();
  }
}

/** Copy an element that is shown, with all in it, for another document; null if it is not. */
function copyOf(element, other, baseline) {
  const computed = getComputedStyle(element);
  if (computed.display === "none") return null;
  const isCanvas = element instanceof HTMLCanvasElement;
  const copy = isCanvas
    ? other.createElement("img")
    : other.createElementNS(element.namespaceURI, element.localName);
  for (const { name, value } of element.attributes) {
    if (!/^(style|id|on.*|src|width|height|for|aria-.*)$/.test(name) || !isHtml(element)) {
      copy.setAttribute(name, value);
    }
  }
  if (isCanvas) copy.setAttribute("src", element.toDataURL());
  if (element instanceof HTMLImageElement) copy.setAttribute("src", element.src);
  if (element instanceof HTMLOptionElement) copy.toggleAttribute("selected", element.selected);
  if (element.matches(FORMS)) {
    const { value, checked } = /** @type {HTMLInputElement} */ (element);
    copy.setAttribute("value", value);
    copy.toggleAttribute("checked", checked === true);
  }
  setDifferent(copy, computed, baseline.of(isCanvas ? document.createElement("img") : element));
  for (const node of isCanvas ? [] : [before(element), ...element.childNodes, after(element)]) {
    if (node instanceof Text) copy.append(node.data);
    else if (node instanceof Element) copy.append(copyOf(node, other, baseline) ?? "");
    else if (node !== null && "styles" in node) {
      const sign = other.createElement("span");
      sign.append(node.text);
      setDifferent(sign, node.styles, baseline.of(document.createElement("span")));
      copy.append(sign);
    }
  }
  return copy;
}

const isHtml = (/** @type {Element} */ element) => element.namespaceURI === XHTML;
const before = (/** @type {Element} */ element) => generated(element, "::before");
const after = (/** @type {Element} */ element) => generated(element, "::after");

/** Return what a style puts before or after an element's content. */
function generated(element, place) {
  const styles = getComputedStyle(element, place);
  const { content } = styles;
  if (content === "none" || content === "normal") return null;
  return { styles, text: /^"(.*)"$/s.exec(content)?.[1] ?? "" };
}

function stylesOf(computed) {
  /** @type {Map<string, string>} */
  const styles = new Map();
  for (const name of computed) styles.set(name, computed.getPropertyValue(name));
  return styles;
}

function setDifferent(copy, computed, plain) {
  for (const [name, value] of stylesOf(computed)) {
    if (value !== plain.get(name) && !LEFT_OUT.test(name)) copy.style.setProperty(name, value);
  }
}

function setStyles(element, /** @type {Record<string, string>} */ styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
}
