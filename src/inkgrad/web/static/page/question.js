/**
 * What was drawn: one of the model's classes; among many, a few letters of its name find it.
 *
 * @module
 */

import { make } from "./elements.js";
import { inPercent } from "./figures.js";
import { TEXTS } from "./texts.js";
import { judge } from "./verdict.js";

const MANY = 24; // classes; of more, only the likeliest are shown until somebody looks for one
const LIKELIEST = 12;

/**
 * Return the question, and how to show it.
 *
 * @param {(at: number) => void} onAnswer called with a class's number
 */
export function makeQuestion(onAnswer) {
  const field = make("input", {
    type: "search",
    autocomplete: "off",
    spellcheck: false,
    placeholder: TEXTS.learn.find,
    "aria-label": TEXTS.learn.find,
    oninput: choose,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") take(); // and nothing is returned: false would forbid the key
    },
  });
  const choices = make("div.chips");
  const none = make("p.note", { role: "status" });
  const help = make("p.note");
  const element = make(
    "fieldset.card.question",
    {},
    make("legend", {}, TEXTS.learn.question),
    field,
    choices,
    none,
    help,
  );
  /** @type {HTMLInputElement[]} */
  let inputs = [];
  /** @type {HTMLElement[]} */
  let chips = [];
  /** @type {string[]} */
  let names = [];
  /** @type {Set<string>} */
  let likely = new Set();

  const wantedName = () => field.value.trim().toLowerCase();

  /** Answer with the class that is called as is typed, or else the first that begins so. */
  function take() {
    const wanted = wantedName();
    const found = [
      names.findIndex((name) => name.toLowerCase() === wanted),
      names.findIndex((name) => wanted !== "" && name.toLowerCase().startsWith(wanted)),
    ].find((at) => at >= 0);
    if (found !== undefined) inputs[found].click();
  }

  /** Show the classes that are looked for; if none is, the likeliest. */
  function choose() {
    const wanted = wantedName();
    const isMeant = (/** @type {string} */ name) =>
      wanted === "" ? likely.has(name) : name.toLowerCase().includes(wanted);
    chips.forEach((chip, at) => {
      chip.hidden = !(names.length <= MANY || inputs[at].checked || isMeant(names[at]));
    });
    none.textContent = chips.every((chip) => chip.hidden) ? TEXTS.learn.noneFound(wanted) : "";
    none.hidden = none.textContent === "";
  }

  return {
    element,
    /** @param {string[]} classes */
    rebuild(classes) {
      names = classes;
      likely = new Set(classes.slice(0, LIKELIEST));
      inputs = classes.map((_, at) =>
        make("input", {
          type: "radio",
          name: "right-answer",
          value: String(at),
          onchange: () => onAnswer(at),
        }),
      );
      chips = classes.map((name, at) => make("label.chip", {}, inputs[at], make("span", {}, name)));
      choices.replaceChildren(...chips);
      field.value = "";
      field.hidden = classes.length <= MANY;
      choose();
    },
    /**
     * @param {{ probabilities: ArrayLike<number> } | null} seen
     * @param {number | null} label the class that was chosen
     */
    show(seen, label) {
      field.disabled = seen === null;
      inputs.forEach((input, at) => {
        input.disabled = seen === null;
        input.checked = at === label;
      });
      if (seen !== null) {
        const { guesses } = judge(names, seen.probabilities);
        likely = new Set(guesses.slice(0, LIKELIEST).map(({ name }) => name));
      }
      choose();
      if (seen === null) help.textContent = TEXTS.learn.drawFirst;
      else if (label === null) help.textContent = TEXTS.learn.choose;
      else help.textContent = TEXTS.learn.gave(names[label], inPercent(seen.probabilities[label]));
    },
  };
}
