// What the moderator decided, step by step, so that each step can be taken back; and the file made of it.
const steps = { done: [], undone: [] };
let unsaved = 0;

// One step over any number of rows; "" takes decisions away.
function decide(rows, decision) {
  const changed = rows.filter((row) => row.decision !== decision).map((row) => ({ row, from: row.decision, to: decision }));
  if (!changed.length) return changed;
  for (const { row, to } of changed) row.decision = to;
  steps.done.push(changed);
  steps.undone = [];
  unsaved += 1;
  return changed;
}

// The step that was taken back (or taken again); [] if there is none.
function undo() {
  const changed = steps.done.pop() ?? [];
  for (const { row, from } of changed) row.decision = from;
  if (changed.length) steps.undone.push(changed);
  unsaved += changed.length > 0;
  return changed;
}

function redo() {
  const changed = steps.undone.pop() ?? [];
  for (const { row, to } of changed) row.decision = to;
  if (changed.length) steps.done.push(changed);
  unsaved += changed.length > 0;
  return changed;
}

function forgetSteps() {
  steps.done = [];
  steps.undone = [];
  unsaved = 0;
}

function countDecisions() {
  const counts = { approve: 0, reject: 0, unsure: 0 };
  for (const { decision } of queue.rows) if (decision) counts[decision] += 1;
  return counts;
}

// Approved is the label of an unflagged text, rejected that of a flagged one; what is unsure has no label.
const labelOfDecision = { approve: () => queue.classifier.unknown, reject: () => queue.classifier.labels[0] };

const EXPORTS = {
  labels: {
    name: "labels for fit and transfer",
    suffix: "labels",
    line: (row) => row.decision in labelOfDecision && {
      text: row.text, label: labelOfDecision[row.decision](), lang: languageOf(row) || undefined, id: row.id, decision: row.decision, ...verdictFields(row),
    },
  },
  suggestions: {
    name: "calls of suggestscore",
    suffix: "suggestions",
    line: (row) => row.decision in labelOfDecision && {
      comment: { text: row.text },
      attributeScores: { [queue.classifier.name.toUpperCase()]: { summaryScore: { value: row.decision === "reject" ? 1 : 0, type: "PROBABILITY" } } },
      languages: languageOf(row) ? [languageOf(row)] : undefined,
      clientToken: row.id === undefined ? undefined : String(row.id),
    },
  },
  all: {
    name: "everything, to go on later",
    suffix: "all",
    line: (row) => ({
      text: row.text, label: row.truth || undefined, lang: languageOf(row) || undefined, id: row.id, decision: row.decision || undefined, ...verdictFields(row),
    }),
  },
};

function verdictFields(row) {
  const verdict = verdictOf(row);
  return verdict ? { score: verdict.score, classifier: queue.classifier.name, version: queue.classifier.version } : {};
}

// {lines, left}: a line per row of the export, and how many decided rows have none.
function exportLines(kind) {
  const lines = [];
  let left = 0;
  for (const row of queue.rows) {
    const line = EXPORTS[kind].line(row);
    if (line) lines.push(JSON.stringify(line));
    else if (row.decision) left += 1;
  }
  return { lines, left };
}

function saveExport(kind) {
  const { lines, left } = exportLines(kind);
  const link = el("a", { href: URL.createObjectURL(new Blob(lines.map((line) => `${line}\n`), { type: "application/jsonl" })), download: `${queue.classifier.name}-${EXPORTS[kind].suffix}.jsonl` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  unsaved = 0;
  say(`${several(lines.length, "line")} saved` + (left ? `; ${several(left, "decided text")} ${left === 1 ? "has" : "have"} no label.` : "."));
}
