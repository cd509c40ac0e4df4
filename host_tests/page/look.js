// How a page looks to those who see little or press keys; evaluated in the page by test_page_look.py.

/** Every visible text against what lies behind it: WCAG 2.2, 1.4.3. Large is 24 px, or 18.7 px and bold. */
function contrast() {
  const parse = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const over = (top, base) => [0, 1, 2].map((k) => top[k] * (top[3] ?? 1) + base[k] * (1 - (top[3] ?? 1)));
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((base, layer) => over(layer, base), [255, 255, 255]);
  };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
  const bad = [];
  let seen = 0;
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
    const visible = node.checkVisibility({ visibilityProperty: true }) && !node.closest(".unseen, .skip, :disabled");
    if (!own || !visible) continue;
    const style = getComputedStyle(node);
    const back = behind(node);
    const [a, b] = [light(over(parse(style.color), back)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    seen += 1;
    if (ratio < least) bad.push(`${ratio.toFixed(2)} ${node.tagName}.${node.className} ${node.textContent.slice(0, 30)}`);
  }
  return [seen, bad];
}

/** What the focus is on, as a keyboard user and a screen reader meet it. */
function focus() {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const ids = (node.getAttribute("aria-labelledby") ?? "").split(" ");
  const labels = ids.map((id) => document.getElementById(id)?.textContent).join(" ").trim();
  const name = node.getAttribute("aria-label") || labels || node.labels?.[0]?.textContent || node.textContent.trim();
  const style = getComputedStyle(node);
  return { id: node.id, name, ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
}

/** Texts that reach beyond the tile, panel or bar they are in. */
function cut() {
  const texts = document.createTreeWalker(document.getElementById("pack"), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const box = text.parentElement.closest(".tile, .panel");
    if (!box || !text.textContent.trim() || text.parentElement.closest(".unseen, .mark")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const [own, frame] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
    if (own.width && (own.right > frame.right || own.left < frame.left)) found.push(text.textContent);
  }
  return found;
}

/** Voltages of cells that run into the next one. */
function touching() {
  const boxes = [...document.querySelectorAll(".bar b")].map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  });
  const over = boxes.filter((box, i) => boxes.slice(0, i).some((one) => one.top === box.top && one.right >= box.left));
  return over.map((box) => Math.round(box.left));
}

/** Elements that make the page wider than the screen. */
function beyond() {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > root.clientWidth);
  return [`${root.scrollWidth} px`, ...wide.map((node) => `${node.tagName}#${node.id} ${node.textContent.slice(0, 20)}`)];
}
