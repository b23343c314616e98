const TYPING_PAUSE = 350;
let going = null;
let timer = 0;

function complain(message) {
  at("problem").textContent = message;
  at("problem").hidden = !message;
}

async function judge() {
  clearTimeout(timer);
  going?.abort();
  const text = at("text").value;
  complain("");
  if (!text.trim()) {
    showReading("", []);
    at("verdicts").replaceChildren();
    at("timing").textContent = "";
    return;
  }
  const mine = new AbortController();
  going = mine;
  at("verdicts-place").setAttribute("aria-busy", "true");
  const started = performance.now();
  try {
    const answer = await call("v1/classify", { body: { texts: [text] }, signal: mine.signal });
    const record = answer.results[0];
    if (record.error) throw new Refusal(200, record.error.message);
    const verdicts = Object.entries(record).filter(([, value]) => value && typeof value === "object" && "evidence" in value)
      .sort(([, a], [, b]) => (typeof b.flagged === "boolean") - (typeof a.flagged === "boolean"));
    showVerdicts(verdicts, record.classifiers);
    showReading(text, verdicts);
    at("timing").textContent = `${Math.max(1, Math.round(performance.now() - started))} ms, there and back · scope ${record.scope}`;
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.status === 401) wantKey();
    // the server is busy, not broken: ask again when it says so
    if (error.status === 429 || error.status === 503) timer = setTimeout(judge, (error.wait ?? 1) * 1000);
    complain(error.message);
  } finally {
    if (going === mine) at("verdicts-place").setAttribute("aria-busy", "false");
  }
}

function soon() {
  const length = [...at("text").value].length;
  at("count").textContent = length ? `${length.toLocaleString("en")} character${length === 1 ? "" : "s"}` : "";
  clearTimeout(timer);
  timer = setTimeout(judge, TYPING_PAUSE);
}

function put(text) {
  at("text").value = text;
  soon();
  return judge();
}

async function start() {
  await showClassifiers();
  await judge();
}

at("text").addEventListener("input", soon);
at("text").addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && judge());
at("judge").addEventListener("click", judge);
at("clear").addEventListener("click", () => { put(""); at("text").focus(); });
at("transfer-rows").addEventListener("input", showTally);
at("transfer-rows").placeholder = "toxic\tdu bist so ein Idiot\nclean\tder Zug kommt um acht\n{\"text\": \"…\", \"label\": \"clean\"}";
at("transfer").addEventListener("submit", sendTransfer);
at("examples").replaceChildren(...EXAMPLES.map(([name, text]) => el("button", { type: "button", dir: "auto", onclick: () => put(text) }, name)));
at("text").value = EXAMPLES[2][1];
soon();
clearTimeout(timer);
openPage(start);
