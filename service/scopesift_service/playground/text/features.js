// Every classifier has a hue of its own, and its features shades around it.
const HUES = [22, 250, 145, 310, 85, 195, 340, 55];
const KNOWN = { toxicity: 22, language: 250, domain: 145, sentiment: 310, "task-type": 85 };
const SHADES = [0, 16, -16, 30, -28, 8, -8, 22];
const UNKNOWN = ["und", "other", "unclear"];

function hueOf(names, name) {
  return KNOWN[name] ?? HUES[(names.indexOf(name) + 3) % HUES.length];
}

const isBinary = (verdict) => typeof verdict.flagged === "boolean";
// Whether a verdict says nothing: not flagged, or no label. What speaks for it then has no colour.
const isSilent = (verdict) => (isBinary(verdict) ? !verdict.flagged : UNKNOWN.includes(verdict.label));

// The features behind the verdicts, each with its hits: whole words of the text, [{start, end, force}].
function featuresOf(text, verdicts) {
  const names = verdicts.map(([name]) => name);
  const characters = [...text];
  return verdicts.flatMap(([classifier, verdict]) => (verdict.evidence ?? []).map((item, rank) => {
    const hits = hitsOf(characters, item);
    return {
      ...item,
      key: `${classifier}-${rank}`,
      classifier,
      binary: isBinary(verdict),
      flagged: verdict.flagged === true,
      said: wordFor(verdict),
      hue: hueOf(names, classifier) + SHADES[rank % SHADES.length],
      colour: isSilent(verdict) ? 0 : 1,
      weight: Math.min(1, Math.max(0.15, item.contribution / verdict.evidence[0].contribution || 0)),
      hits,
      words: wordsOf(characters, hits),
    };
  }));
}

// Hits on the same word are one, and punctuation counts only where nothing else is hit; without tokens the strongest one is all that is known.
function hitsOf(characters, item) {
  const tokens = item.tokens?.length ? item.tokens : [{ word_start: item.start, word_end: item.end, activation: item.activation }];
  const words = new Map();
  for (const { word_start: from, word_end: to, activation } of tokens) {
    const [start, end] = wordOnly(characters, from, to);
    const known = words.get(start);
    if (!known || known.end < end || known.activation < activation) words.set(start, { start, end, activation: Math.max(activation, known?.activation ?? 0) });
  }
  const all = [...words.values()];
  const lettered = all.filter(({ start, end }) => /[\p{L}\p{N}]/u.test(characters.slice(start, end).join("")));
  const kept = lettered.length ? lettered : all;
  const most = Math.max(...kept.map(({ activation }) => activation));
  return kept.map((hit) => ({ ...hit, force: most > 0 ? hit.activation / most : 1 }));
}

// The words of the hits, the strongest first, each once: [[word, times]].
function wordsOf(characters, hits) {
  const times = new Map();
  for (const { start, end } of hits.toSorted((one, other) => other.activation - one.activation)) {
    const word = characters.slice(start, end).join("");
    const key = [...times.keys()].find((known) => known.toLowerCase() === word.toLowerCase()) ?? word;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return [...times];
}

function wordFor(verdict) {
  if (!isBinary(verdict)) return verdict.label ?? "–";
  return verdict.flagged ? verdict.label ?? "flagged" : "not flagged";
}
