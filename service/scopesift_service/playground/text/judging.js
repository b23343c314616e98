// One text at a time is asked about. What is shown is always the answer to the text that stands beside it: while the
// text is changing the old verdict is grey and says so, and after a failure there is none.
const TYPING_PAUSE = 350;
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
    const answer = await call("v1/classify", { body: requestFor(text), signal: mine.signal });
    if (going === mine && text === at("text").value) show(text, answer.results[0], performance.now() - started);
  } catch (error) {
    if (going === mine && error.name !== "AbortError") fail(error);
  } finally {
    if (going === mine) at("verdicts-place").setAttribute("aria-busy", "false");
  }
}

function show(text, record, milliseconds) {
  if (record.error) throw new Refusal(500, "The server could not read this text.");
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
