/**
 * Light, dark, or as the system has it.
 *
 * @module
 */

import { TEXTS } from "./texts.js";

/** @type {Record<string, string>} */
const CHOICES = { auto: "◐", light: "☀", dark: "☾" };
const KEY = "inkgrad-theme";

/**
 * Make a button go through the choices; the choice is kept for the next visit.
 *
 * @param {HTMLButtonElement} button
 * @param {() => void} onchange called when colours have changed, for what is drawn on canvases
 */
export function mountTheme(button, onchange) {
  let choice = recall();
  function apply() {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    button.textContent = CHOICES[choice];
    button.title = TEXTS.theme.label(TEXTS.theme.choices[choice]);
    button.setAttribute("aria-label", button.title);
    onchange();
  }
  button.addEventListener("click", () => {
    const names = Object.keys(CHOICES);
    choice = names[(names.indexOf(choice) + 1) % names.length];
    remember(choice);
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onchange);
  apply();
}

// Where a browser keeps nothing (private windows, some files), the choice holds for this visit.

function recall() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept !== null && kept in CHOICES ? kept : "auto";
  } catch {
    return "auto";
  }
}

function remember(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // kept nowhere
  }
}
