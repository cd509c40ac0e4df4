// The few things that every view does with the document. All is text or an attribute, never markup.

export const $ = (id) => document.getElementById(id);

/** Set an element's text, by id or itself; nothing happens when it says that already. */
export function put(target, text) {
  const node = typeof target === "string" ? $(target) : target;
  if (node.textContent !== text) node.textContent = text;
}

/** A new element. */
export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** A new button. */
export function makeButton(className, text, press) {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

/** Rows of a definition list. */
export function putTerms(id, pairs) {
  const key = JSON.stringify(pairs);
  const list = $(id);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...pairs.flatMap(([term, text]) => [make("dt", "", term), make("dd", "", text)]));
}

/** One of several: buttons of which one is pressed. `items`: [value, label]. */
export function choice(id, items, choose) {
  $(id).replaceChildren(...items.map(([value, label]) => {
    const button = makeButton("", label, () => choose(value));
    button.dataset.value = String(value);
    return button;
  }));
}

/** Show which buttons of a group are pressed. */
export function press(id, isOn) {
  for (const button of $(id).children) button.setAttribute("aria-pressed", String(isOn(button.dataset.value)));
}
