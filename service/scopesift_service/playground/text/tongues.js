// The languages of a text's parts; a text in one language has none to show.
function tonguesOf(verdicts) {
  const spans = verdicts.find(([name]) => name === "language")?.[1].spans ?? [];
  return new Set(spans.map(({ label }) => label)).size > 1 ? spans : [];
}

// Pieces joined by the language that they are in, each with its code before it.
function inTongues(cut) {
  const out = [];
  let open = null;
  for (const one of cut) {
    const tongue = one.spans.find((span) => !span.item);
    if (!tongue) {
      out.push(piece(one));
      continue;
    }
    if (open?.span !== tongue) {
      open = { span: tongue, node: el("span", { class: "tongue", lang: tongue.label, "data-code": tongue.label }) };
      out.push(open.node);
    }
    open.node.append(piece(one));
  }
  return out;
}

const tongueLine = (spans) => `in parts: ${spans.map(({ label, score }) => `${named("language", label)} ${fixed(score)}`).join(", then ")}`;
