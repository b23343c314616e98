// Puts the parts together: from the intake to the table, and from the queue's state to what the page says.
const HUE = 22;
const WIDE = matchMedia("(min-width: 56rem)");

function say(words) {
  at("said").textContent = words;
}

// After rows, verdicts or decisions have changed.
function relist() {
  const place = placeOf(grid.current);
  listRows();
  keepPlace(place);
  showFilters();
  drawGrid();
  whenChosen();
  showDecisions();
}

function showDecisions() {
  const counts = countDecisions();
  at("undo").disabled = !steps.done.length;
  const decided = counts.approve + counts.reject + counts.unsure;
  const chosen = at("export-as").value;
  at("export-as").replaceChildren(...Object.entries(EXPORTS).map(([kind, { name }]) => option(kind, name, chosen)));
  at("export").disabled = at("export-as").value !== "all" && counts.approve + counts.reject === 0;
  at("decided").textContent = decided ? ` · ${counted(counts.approve)} approved, ${counted(counts.reject)} rejected, ${counted(counts.unsure)} unsure` : "";
}

function showProgress() {
  const waiting = queue.rows.filter((row) => row.state === "waiting").length;
  const failed = queue.rows.filter((row) => row.state === "failed").length;
  const done = queue.rows.length - waiting;
  const seconds = sending.state === "sending" ? secondsLeft(waiting) : null;
  const left = waiting && seconds !== null ? `, about ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left` : "";
  at("progress").value = queue.rows.length ? done / queue.rows.length : 0;
  at("progress").hidden = !waiting;
  at("progress-said").textContent = (waiting ? `${counted(done)} of ${several(queue.rows.length, "text")} classified${left}` : `${several(done - failed, "text")} classified`) +
    (failed ? `; ${counted(failed)} without a verdict` : "") + (queue.origins.length ? ` · ${[...new Set(queue.origins)].join(", ")}` : "");
  const wait = Math.max(0, Math.ceil((sending.until - performance.now()) / 1000));
  at("progress-why").textContent = sending.said + (wait ? ` Next try in ${wait} s.` : "") || (sending.state === "paused" && waiting ? "Paused." : "");
  at("pause").hidden = !waiting;
  at("pause").textContent = sending.state === "sending" ? "Pause" : "Go on";
}

function begin() {
  const { rows, wrong } = showIntake();
  if (!rows.length) return;
  addRows(rows, wrong, source?.name);
  clearIntake();
  showTable();
  startSending();
}

function showTable() {
  at("intake").hidden = true;
  at("work").hidden = false;
  showWrong(at("wrong"), queue.wrong);
  refresh();
  at("grid").focus();
}

// After each answer: the current row stays, wherever its score takes it.
function refresh() {
  showProgress();
  relist();
  showCut();
  showFiltersSaid();
}

function discard() {
  pauseSending();
  emptyQueue();
  forgetSteps();
  passage.kept.clear();
  Object.assign(sending, { size: Infinity, spent: 0, done: 0 });
  Object.assign(grid, { current: null, anchor: null });
  at("work").hidden = true;
  at("intake").hidden = false;
  at("intake-back").hidden = true;
  at("paste").focus();
}

async function start() {
  const { classifiers, limits, scope } = await call("v1/classifiers");
  at("scope").textContent = scope.id;
  at("scope").hidden = false;
  Object.assign(queue.limits, limits);
  const binary = classifiers.filter(({ kind }) => kind === "binary");
  queue.languages = new Set(classifiers.find(({ name }) => name === "language")?.labels);
  at("moderated-label").hidden = binary.length < 2;
  at("moderated").replaceChildren(...binary.map(({ name }) => option(name, name, queue.classifier?.name)));
  at("moderated").onchange = () => moderateBy(classifiers, at("moderated").value);
  if (binary.length) moderateBy(classifiers, queue.classifier?.name ?? binary[0].name);
  showIntake();
  if (sending.state === "stopped") startSending();
}

function moderateBy(classifiers, name) {
  queue.classifier = classifiers.find((one) => one.name === name);
  queue.others = classifiers.filter((one) => one.name !== name).map((one) => one.name);
  passage.kept.clear();
  cut.value = null;
  if (queue.rows.length) refresh();
}

whenSent = () => (sending.until ? showProgress() : refresh());
whenChosen = showPassage;
wireFilters();
at("begin").addEventListener("click", begin);
at("pause").addEventListener("click", () => (sending.state === "sending" ? pauseSending() : startSending()));
at("more").addEventListener("click", () => { at("intake").hidden = false; at("intake-back").hidden = false; at("paste").focus(); });
at("intake-back").addEventListener("click", () => { at("intake").hidden = true; at("grid").focus(); });
at("discard").addEventListener("click", () => {
  const { approve, reject, unsure } = countDecisions();
  at("sure-said").textContent = `${several(queue.rows.length, "text")} and ${several(approve + reject + unsure, "decision")} are kept nowhere else.`;
  at("sure").returnValue = "";
  at("sure").showModal();
});
at("sure").addEventListener("close", () => at("sure").returnValue === "discard" && discard());
at("export").addEventListener("click", () => saveExport(at("export-as").value));
at("export-as").addEventListener("change", showDecisions);
addEventListener("resize", () => at("work").hidden || drawGrid());
addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
at("filters").open = WIDE.matches;
clearIntake();
openPage(start);
