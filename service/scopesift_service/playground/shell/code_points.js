// Evidence counts characters as Python does, in code points; JavaScript strings count UTF-16 units.
// A surrogate without its partner is one character on both sides.
function unitOffsets(text) {
  const offsets = [];
  let unit = 0;
  for (const character of text) {
    offsets.push(unit);
    unit += character.length;
  }
  offsets.push(unit);
  return offsets;
}

// Cuts a text where any span begins or ends: [{text, spans}], whose texts join to the whole.
function pieces(text, spans) {
  const offsets = unitOffsets(text);
  const last = offsets.length - 1;
  const changes = new Map([[0, []], [last, []]]);
  for (const span of spans) {
    const [start, end] = [Math.max(0, span.start), Math.min(last, span.end)];
    if (start >= end) continue;
    for (const place of [start, end]) changes.set(place, [...(changes.get(place) ?? []), span]);
  }
  const cuts = [...changes.keys()].sort((a, b) => a - b);
  const open = new Set();
  const out = [];
  for (let step = 0; step + 1 < cuts.length; step += 1) {
    for (const span of changes.get(cuts[step])) if (!open.delete(span)) open.add(span);
    out.push({ text: text.slice(offsets[cuts[step]], offsets[cuts[step + 1]]), spans: [...open] });
  }
  return out;
}

// A span without the blanks and punctuation at its edges; the span without blanks if nothing else is in it.
function wordOnly(characters, start, end) {
  for (const edge of [/[\s\p{P}\p{S}]/u, /\s/u]) {
    let [first, last] = [start, end];
    while (first < last && edge.test(characters[first])) first += 1;
    while (first < last && edge.test(characters[last - 1])) last -= 1;
    if (first < last) return [first, last];
  }
  return [start, end];
}
