// The current text in full, with the words that spoke for the verdict.
const LOOKING_PAUSE = 120; // ms on a row before its evidence is asked for
const MOST_KEPT = 200;
const passage = { row: null, drawn: null, kept: new Map(), timer: 0, going: null };

function showPassage() {
  const row = grid.current;
  const several = chosenRows().length;
  at("passage-empty").hidden = Boolean(row);
  at("passage-full").hidden = !row;
  if (!row) return;
  const verdict = verdictOf(row);
  const flagged = isFlagged(row);
  at("passage-title").textContent = several > 1 ? `${counted(several)} texts chosen` : `Line ${counted(row.line)}`;
  at("passage-said").textContent = verdict ? `${flagged ? queue.classifier.labels[0] : queue.classifier.unknown} ${fixed(verdict.score, 3)}` : row.state === "failed" ? row.why : "No verdict yet";
  at("passage-said").classList.toggle("bad", Boolean(flagged));
  at("passage-gauge").replaceChildren(...(verdict ? [gauge(verdict.score, HUE, cut.value ?? verdict.cut)] : []));
  at("passage-facts").replaceChildren(...factsOf(row));
  for (const button of at("deciding").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.decision === row.decision));
  if (row !== passage.row) {
    at("passage-text").scrollTop = 0;
    passage.row = row;
  }
  showEvidence(row);
}

function factsOf(row) {
  const facts = [
    row.truth && ["given label", row.truth],
    languageOf(row) && ["language", nameOfLanguage(languageOf(row))],
    ...queue.others.filter((name) => name !== "language" && labelOf(row, name)).map((name) => [name, labelOf(row, name)]),
    row.decision && ["decision", DECISIONS[row.decision]],
  ];
  return facts.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, el("bdi", {}, value))));
}

function showEvidence(row) {
  const kept = passage.kept.get(row);
  if (passage.drawn?.row === row && passage.drawn.kept === kept && kept) return;
  clearTimeout(passage.timer);
  passage.going?.abort();
  drawText(row, kept ?? []);
  passage.drawn = { row, kept };
  if (kept || row.state !== "scored") return;
  at("evidence").replaceChildren(el("li", { class: "fine" }, "Looking for the evidence…"));
  passage.timer = setTimeout(() => askForEvidence(row), LOOKING_PAUSE);
}

async function askForEvidence(row) {
  const mine = new AbortController();
  passage.going = mine;
  try {
    const answer = await call("v1/classify", { body: { texts: [row.text], classifiers: [queue.classifier.name] }, signal: mine.signal });
    const evidence = (answer.results[0][queue.classifier.name]?.evidence ?? []).map(wholeWord(row.text));
    if (passage.kept.size >= MOST_KEPT) passage.kept.delete(passage.kept.keys().next().value);
    passage.kept.set(row, evidence);
    if (passage.row === row) {
      drawText(row, evidence);
      passage.drawn = { row, kept: evidence };
    }
  } catch (error) {
    if (error.name === "AbortError" || passage.row !== row) return;
    if (error.status === 401) wantKey();
    at("evidence").replaceChildren(el("li", { class: "fine" }, `No evidence: ${error.message}`));
    if (error.status === 429 || error.status === 503) passage.timer = setTimeout(() => askForEvidence(row), 1000 * error.wait);
  }
}

// A hit inside a word shades the word, so that "idi" and "ot" read as "idiot".
function wholeWord(text) {
  const characters = [...text];
  const isLetter = (character) => character !== undefined && /[\p{L}\p{M}\p{N}]/u.test(character);
  return (item) => {
    let { start, end } = item;
    while (start < end && !isLetter(characters[start])) start += 1;
    while (end > start && !isLetter(characters[end - 1])) end -= 1;
    if (start === end) return { ...item, word: characters.slice(item.start, item.end).join("") };
    // scripts without spaces have no word around the hit
    const spaced = !/[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]/u.test(characters.slice(start, end).join(""));
    while (spaced && isLetter(characters[start - 1])) start -= 1;
    while (spaced && isLetter(characters[end])) end += 1;
    return { ...item, start, end, word: characters.slice(start, end).join("") };
  };
}

function drawText(row, evidence) {
  const most = evidence[0]?.contribution || 1;
  const force = (item) => Math.max(0.15, Math.min(1, item.contribution / most));
  at("passage-text").setAttribute("lang", languageOf(row) || "und");
  at("passage-text").replaceChildren(...pieces(row.text, evidence).map(({ text, spans }) => {
    if (!spans.length) return document.createTextNode(text);
    return el("mark", { vars: { hue: HUE, force: Math.max(...spans.map(force)) } }, text);
  }));
  at("evidence").replaceChildren(...wordsOf(evidence).map(([word, adds]) => el("li", { vars: { hue: HUE, at: adds / most } }, el("b", {}, el("bdi", {}, word)), el("span", {}, `+${fixed(adds)}`))));
  if (!evidence.length && row.state === "scored" && passage.kept.has(row)) at("evidence").replaceChildren(el("li", { class: "fine" }, "No feature speaks for this verdict."));
}

// Each word once, with what its strongest feature adds to the margin. A full stop is shaded, but is no word.
function wordsOf(evidence) {
  const words = new Map();
  for (const { word, contribution } of evidence) words.set(word, Math.max(words.get(word) ?? 0, contribution ?? 0));
  const spoken = [...words].filter(([word]) => /[^\p{P}\s]/u.test(word));
  return spoken.length ? spoken : [...words];
}
