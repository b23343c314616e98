// How strong a feature is in the texts where it is active, and from where on it counts as firing.
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 200;
const TALL = 48;

function drawn(tag, given, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

function histogram({ edges, counts }, threshold) {
  const end = edges.at(-1) || 1;
  const most = Math.max(...counts, 1);
  const x = (value) => (WIDE * Math.min(value, end)) / end;
  const bars = counts.map((count, bin) => {
    // even one text in a bin is seen
    const height = count ? Math.max(1.5, (TALL * count) / most) : 0;
    return drawn("rect", { x: x(edges[bin]) + 0.5, y: TALL - height, width: Math.max(0, x(edges[bin + 1]) - x(edges[bin]) - 1), height, class: edges[bin + 1] <= threshold ? "under" : "" });
  });
  const line = drawn("line", { x1: x(threshold), x2: x(threshold), y1: 0, y2: TALL });
  const texts = counts.reduce((sum, count) => sum + count, 0);
  const from = threshold > 0 ? `fires from ${fixed(threshold)}` : "fires from any activation on";
  return el("figure", {},
    drawn("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": `Histogram of its largest activation in ${counted(texts)} texts, from 0 to ${fixed(end)}; ${from}. Texts per bar: ${counts.join(", ")}` }, ...bars, line),
    el("figcaption", {}, el("span", {}, "0"), el("span", {}, `in ${counted(texts)} texts`, threshold > 0 ? `; ${from}` : ""), el("span", {}, fixed(end))));
}
