// Returns what is wrong with the page, as a list of texts. The figures are those of WCAG 2.2, level AA.
const complaints = [];
const complain = (what, of, ...more) =>
  complaints.push([`${what}: ${of.tagName.toLowerCase()} ${JSON.stringify(of.textContent.trim().slice(0, 40))}`, ...more].join(", "));

const channels = (colour) => {
  const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
  return { rgb: [red, green, blue], alpha };
};
const over = (above, below) => above.rgb.map((value, i) => value * above.alpha + below[i] * (1 - above.alpha));
const backgroundOf = (element) => {
  if (!element) throw new Error("nothing behind the page has a colour");
  const own = channels(getComputedStyle(element).backgroundColor);
  return own.alpha === 1 ? own.rgb : over(own, backgroundOf(element.parentElement));
};
const luminance = (rgb) => {
  const [red, green, blue] = rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (colour, background) => {
  const [dark, light] = [luminance(over(channels(colour), background)), luminance(background)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};
const isSeen = (element) => element.checkVisibility() && getComputedStyle(element).clipPath === "none" && element.getBoundingClientRect().width > 1;
const atLeast = (wanted, colour, element, background, what) => {
  const got = contrast(colour, background);
  if (got < wanted) complain(what, element, `${got.toFixed(2)}, and ${wanted} is the least`);
};

// Text, and what stands in for it.
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.textContent.trim() || !isSeen(element)) continue;
  const { color, fontSize, fontWeight } = getComputedStyle(element);
  const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && fontWeight >= 700);
  atLeast(isLarge ? 3 : 4.5, color, element, backgroundOf(element), "contrast");
}
for (const input of document.querySelectorAll("input")) {
  atLeast(4.5, getComputedStyle(input, "::placeholder").color, input, backgroundOf(input), "contrast");
}

// What can be used: its edge, its focus, its name, its size.
for (const control of document.querySelectorAll("a, button, input")) {
  if (!isSeen(control)) continue;
  const around = backgroundOf(control.parentElement);
  const { borderTopColor, borderTopWidth } = getComputedStyle(control);
  if (parseFloat(borderTopWidth) > 0 && channels(borderTopColor).alpha > 0) {
    atLeast(3, borderTopColor, control, around, "border");
  }
  control.focus({ focusVisible: true, preventScroll: true });
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(control);
  if (document.activeElement !== control || outlineStyle === "none" || parseFloat(outlineWidth) < 2) complain("focus", control);
  else atLeast(3, outlineColor, control, around, "focus");
  control.blur();
  if (control.labels && control.tagName === "INPUT" && control.labels.length === 0) complain("label", control);
  if (control.tagName !== "INPUT" && !(control.ariaLabel || control.textContent).trim()) complain("name", control);
  if (control.getBoundingClientRect().height < 24) complain("small", control);
}
for (const image of document.images) if (!image.hasAttribute("alt")) complain("alt", image);

// The whole.
if (document.documentElement.scrollWidth > innerWidth) complain("wide", document.body, `${document.documentElement.scrollWidth} in ${innerWidth}`);
if (!document.documentElement.lang) complain("lang", document.documentElement);
if (document.querySelectorAll("h1").length !== 1) complain("h1", document.body);
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) complain("id", document.body, id);
return complaints;
