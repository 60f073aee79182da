/**
 * Tabs: one panel is shown, the others are hidden.
 *
 * Left and right arrows, Home and End move between tabs, as readers of screens expect
 * (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). The address names the tab (…#think), so that it
 * can be linked to; in a link to a whole state it is one of several things (see `link.js`).
 *
 * @module
 */

import { byId } from "./elements.js";
import { tabOf } from "./link.js";

/** Where there is one column, and the tabs are at the foot; as in style.css. */
export const NARROW = "(max-width: 59.99rem)";

/** Bring what was chosen into view: a panel, or the pad for one that is about drawing. */
function reveal(panel) {
  const isAtPad = ["play", "teach"].includes(panel.id);
  const target = isAtPad ? document.querySelector("main") : panel;
  target.scrollIntoView({ block: "start", behavior: "instant" });
}

function remember(panel) {
  try {
    history.pushState(null, "", `#${panel}`);
  } catch {
    // a frame in a notebook has no address
  }
}

/**
 * Make a list of tabs work. A panel hears "shown" when it is, and "left" when it is not.
 *
 * @param {HTMLElement} list of buttons with role "tab" that name their panels by `aria-controls`
 * @returns {{ select: (panel: string) => void }} shows a panel, by its id
 */
export function mountTabs(list) {
  /** @type {HTMLElement[]} */
  const tabs = [...list.querySelectorAll("button")];
  const panelOf = (/** @type {HTMLElement} */ tab) =>
    byId(tab.getAttribute("aria-controls") ?? "", HTMLElement);

  /** @param {HTMLElement} chosen */
  function select(chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panelOf(tab).hidden = tab !== chosen;
      if (tab !== chosen) panelOf(tab).dispatchEvent(new Event("left"));
    }
    panelOf(chosen).dispatchEvent(new Event("shown"));
  }

  function selectByAddress() {
    const named = tabOf(location.hash);
    select(tabs.find((tab) => panelOf(tab).id === named) ?? tabs[0]);
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      // Back then goes back a panel.
      if (panelOf(tab).hidden) remember(panelOf(tab).id);
      select(tab);
      if (matchMedia(NARROW).matches) reveal(panelOf(tab));
    });
  }
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = {
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      ArrowRight: (at + 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    tabs[to].focus();
    tabs[to].click();
  });
  addEventListener("popstate", () => {
    // A link that cannot be opened changes nothing: whoever reads it selects its tab.
    if (!location.hash.includes("=")) selectByAddress();
  });
  selectByAddress();
  return { select: (id) => select(tabs.find((tab) => panelOf(tab).id === id) ?? tabs[0]) };
}
