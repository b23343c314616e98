// One text at a time is asked about. What is shown is always the answer to the text that stands beside it: while the
// text is changing the old verdict is grey and says so, and after a failure there is none.
const TYPING_PAUSE = 350;
const LONG = 2000; // characters from which on the verdict comes first and all hits after it
let going = null;
let timer = 0;

async function judge() {
  clearTimeout(timer);
  going?.abort();
  const text = at("text").value;
  complain("");
  if (!text.trim()) return clear();
  const length = [...text].length;
  if (length > limits.max_characters) {
    clear();
    return complain(`The text is too long: ${counted(length)} characters, and this server takes ${counted(limits.max_characters)} at once. Take out ${counted(length - limits.max_characters)}.`);
  }
  const mine = new AbortController();
  going = mine;
  stale();
  const started = performance.now();
  try {
    const full = requestFor(text);
    const { explain: _explain, spans: _spans, ...plain } = full;
    const record = await ask(length > LONG ? plain : full, mine);
    show(text, record, performance.now() - started);
    if (length > LONG && full.explain) await addHits(text, full, mine);
  } catch (error) {
    if (going === mine && error.name !== "AbortError") fail(error);
  } finally {
    if (going === mine) at("verdicts-place").setAttribute("aria-busy", "false");
  }
}

// Resolves to the text's record; an answer that comes after a later question counts as stopped.
async function ask(body, mine) {
  const { results } = await call("v1/classify", { body, signal: mine.signal });
  if (going !== mine || body.texts[0] !== at("text").value) throw new DOMException("a later text is asked about", "AbortError");
  if (results[0].error) throw new Refusal(500, "The server could not read this text.");
  return results[0];
}

// The verdict stands already and stays, whatever comes of this.
async function addHits(text, body, mine) {
  const said = at("timing").textContent;
  at("timing").textContent = `${said} · looking for every hit…`;
  try {
    show(text, await ask(body, mine), 0);
    at("timing").textContent = said;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    at("timing").textContent = `${said} · only each feature's strongest hit is shaded: ${error.message}`;
  }
}

function show(text, record, milliseconds) {
  const verdicts = Object.entries(record).filter(([, value]) => value && typeof value === "object" && "evidence" in value)
    .sort(([, a], [, b]) => isBinary(b) - isBinary(a));
  document.documentElement.removeAttribute("data-stale");
  showVerdicts(verdicts, record.classifiers);
  showReading(text, verdicts);
  shown.record = record;
  at("copies").hidden = false;
  at("timing").textContent = `${Math.max(1, Math.round(milliseconds))} ms, there and back · scope ${record.scope}`;
}

function fail(error) {
  clear();
  if (error.status === 401) wantKey();
  // the server is busy, not broken: ask again when it says so
  const again = error.status === 429 || error.status === 503;
  if (again) timer = setTimeout(judge, error.wait * 1000);
  complain(again ? `${error.message} Trying again in ${error.wait} s.` : error.message);
}

function complain(message) {
  at("problem").textContent = message;
  at("problem").hidden = !message;
}

function stale() {
  at("verdicts-place").setAttribute("aria-busy", "true");
  document.documentElement.toggleAttribute("data-stale", shown.text !== "" && shown.text !== at("text").value);
}

function clear() {
  document.documentElement.removeAttribute("data-stale");
  showReading("", []);
  at("verdicts").replaceChildren();
  at("copies").hidden = true;
  at("copied").replaceChildren();
  at("timing").textContent = "";
  at("verdicts-place").setAttribute("aria-busy", "false");
}

function soon() {
  const length = [...at("text").value].length;
  at("count").textContent = length ? `${counted(length)} character${length === 1 ? "" : "s"}` : "";
  at("count").classList.toggle("wrong", length > limits.max_characters);
  clearTimeout(timer);
  going?.abort();
  going = null;
  stale();
  timer = setTimeout(judge, TYPING_PAUSE);
}
