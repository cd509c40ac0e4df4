// Light, dark, or as the device says. The choice is the only thing that the page stores.

import { $, put } from "./dom.js";

const KEY = "cellwarden-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto"; // a page without storage still has a theme
  }
}

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  put("theme", { auto: "Auto", light: "Light", dark: "Dark" }[theme]);
  $("theme").setAttribute("aria-label", `Colours: ${theme}. Press for ${NEXT[theme]}.`);
}

/** Begin; `changed` is called whenever colours change. */
export function startTheme(changed) {
  let theme = stored() in NEXT ? stored() : "auto";
  apply(theme);
  $("theme").addEventListener("click", () => {
    theme = NEXT[theme];
    apply(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // stays for this visit
    }
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
