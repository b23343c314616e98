// What a cut does: which rows it flags, and how that compares with the labels that came with them.
const BINS = 50;
const cut = { value: null, positive: "" }; // value null: each text's own cut, as the service has it

function isFlagged(row) {
  const verdict = verdictOf(row);
  if (!verdict) return null;
  return cut.value === null ? verdict.flagged : verdict.score >= cut.value;
}

// "right" or "wrong" by the label that came with the row, "" without one or before its verdict.
function isRight(row) {
  const flagged = isFlagged(row);
  if (flagged === null || !row.truth || !cut.positive) return "";
  if (flagged === (row.truth === cut.positive)) return "right";
  return flagged ? "wrongly flagged" : "missed";
}

// Counts over rows with a verdict; labelled ones are hits, false alarms, misses or rightly left alone.
function countCut(rows) {
  const counts = { scored: 0, flagged: 0, labelled: 0, hits: 0, alarms: 0, misses: 0 };
  for (const row of rows) {
    const flagged = isFlagged(row);
    if (flagged === null) continue;
    counts.scored += 1;
    counts.flagged += flagged;
    if (!row.truth || !cut.positive) continue;
    const positive = row.truth === cut.positive;
    counts.labelled += 1;
    counts.hits += flagged && positive;
    counts.alarms += flagged && !positive;
    counts.misses += !flagged && positive;
  }
  // a share of nothing is no number
  counts.precision = counts.hits / (counts.hits + counts.alarms);
  counts.recall = counts.hits / (counts.hits + counts.misses);
  return counts;
}

// How many rows have a score in each of BINS equal steps, and how many of these are flagged.
function histogram(rows) {
  const bins = Array.from({ length: BINS }, () => ({ rows: 0, flagged: 0 }));
  for (const row of rows) {
    const score = scoreOf(row);
    if (score < 0) continue;
    const bin = bins[Math.min(BINS - 1, Math.floor(score * BINS))];
    bin.rows += 1;
    bin.flagged += isFlagged(row);
  }
  return bins;
}

// The labels that came with the rows, the most frequent first, and the one that most likely means "flagged".
function truthsOf(rows) {
  const counts = new Map();
  for (const { truth } of rows) if (truth) counts.set(truth, (counts.get(truth) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, 100);
}

function likelyPositive(truths) {
  const names = truths.map(([name]) => name);
  const wanted = [...queue.classifier.labels, "toxic", "1", "true", "yes", "spam"];
  return wanted.map((want) => names.find((name) => name.toLowerCase() === want.toLowerCase())).find(Boolean) ?? "";
}
