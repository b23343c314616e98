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
  const inside = spans
    .map((span) => ({ span, start: Math.max(0, span.start), end: Math.min(last, span.end) }))
    .filter(({ start, end }) => start < end);
  const cuts = [...new Set([0, last, ...inside.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const out = [];
  for (let step = 0; step + 1 < cuts.length; step += 1) {
    const [start, end] = [cuts[step], cuts[step + 1]];
    const covering = inside.filter((item) => item.start < end && item.end > start).map((item) => item.span);
    out.push({ text: text.slice(offsets[start], offsets[end]), spans: covering });
  }
  return out;
}
