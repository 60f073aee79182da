/**
 * What is seen, to hand on: as a link, on paper, as a picture.
 *
 * @module
 */

import { make, makeButton } from "./elements.js";
import { asFileName, saveFile } from "./files.js";
import { toLink } from "./link.js";
import { drawAll } from "./mosaic.js";
import { takeSnapshot, toPng } from "./snapshot.js";
import { sentence } from "../text.js";
import { TEXTS } from "./texts.js";

/**
 * Offer to copy what is seen as a link, to print the panel, and to save it as a picture.
 *
 * @param {HTMLElement} root
 * @param {import("./session.js").Session} session
 * @param {object} page
 * @param {() => HTMLElement} page.shown tells which panel is shown
 * @param {() => string | null} page.cell tells which cell is held
 * @param {(error: unknown) => void} page.tell
 */
export function mountSharing(root, session, { shown, cell, tell }) {
  const said = make("span", { role: "status" }, TEXTS.link.what);
  const field = make("input", {
    type: "text",
    readOnly: true,
    hidden: true,
    "aria-label": TEXTS.link.label,
  });
  const copy = makeButton(TEXTS.link.copy, share, "quiet");
  const printed = makeButton(TEXTS.link.print, () => globalThis.print(), "quiet");
  const [svg, png] = ["svg", "png"].map((kind) =>
    makeButton(TEXTS.link.picture(kind), () => save(kind).catch(tell), "quiet"),
  );
  root.append(said, field, copy, printed, svg, png);

  /** Save the panel as a picture, named after the model and the panel. */
  async function save(kind) {
    drawAll();
    const panel = shown();
    const snapshot = takeSnapshot(panel);
    const name = `${asFileName(session.model?.name ?? "inkgrad")}-${panel.id}.${kind}`;
    saveFile(name, kind === "svg" ? snapshot.svg : await toPng(snapshot));
  }

  async function share() {
    field.hidden = true;
    try {
      const { model, drawing, answer, isChanged, file } = session;
      if (model === null) return;
      const known = answer !== null && model.taught.includes(answer) ? null : answer;
      const state = { model: model.name, drawing, answer: known, tab: shown().id, cell: cell() };
      const link = toLink(state, location.href.replace(/#.*$/s, ""));
      const notes =
        (isChanged ? TEXTS.link.changed : "") + (file === null ? "" : TEXTS.link.file(model.name));
      said.textContent = (await copied(link)) ? TEXTS.link.copied + notes : byHand(link) + notes;
    } catch (error) {
      if (!["LinkError", "DrawingError"].includes(/** @type {Error} */ (error).name)) throw error;
      said.textContent = `${sentence(/** @type {Error} */ (error).message)}. `;
    }
  }

  function byHand(link) {
    field.value = link;
    field.hidden = false;
    field.focus();
    field.select();
    return TEXTS.link.byHand;
  }

  /** Tell whether the browser has taken a text to its clipboard; some forbid it. */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
}
