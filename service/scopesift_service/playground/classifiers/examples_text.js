// Reads pasted examples: JSONL with text and label, or lines of label, tab or comma, text.
// Returns {examples: [{text, label}], wrong: [line numbers]}.
function readExamples(pasted) {
  const examples = [];
  const wrong = [];
  pasted.split(/\r?\n/).forEach((line, number) => {
    if (!line.trim()) return;
    const found = line.trimStart().startsWith("{") ? fromJson(line) : fromColumns(line);
    if (found) examples.push(found);
    else wrong.push(number + 1);
  });
  return { examples, wrong };
}

function fromJson(line) {
  try {
    const { text, label } = JSON.parse(line);
    return typeof text === "string" && text.trim() && (typeof label === "string" || typeof label === "number") ? { text, label: String(label) } : null;
  } catch {
    return null;
  }
}

function fromColumns(line) {
  const found = /^\s*"?([^\t,;"]{1,64}?)"?\s*[\t,;]\s*(.+)$/u.exec(line);
  if (!found) return null;
  const quoted = /^"(.*)"\s*$/.exec(found[2]);
  const text = quoted ? quoted[1].replaceAll('""', '"') : found[2];
  return text.trim() ? { text, label: found[1].trim() } : null;
}
