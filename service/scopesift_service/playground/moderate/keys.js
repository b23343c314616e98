// The table by keyboard. Keys act only while the table has the focus, so that none acts by accident.
const DECIDING = { a: "approve", r: "reject", u: "unsure", Backspace: "", Delete: "" };

function onGridKey(event) {
  const { key, shiftKey: shift } = event;
  const modified = event.ctrlKey || event.metaKey;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  if (event.altKey || event.target.closest("button")) return;
  if (modified && letter === "a") chooseAll();
  else if (letter === "z") (shift ? takeAgain : takeBack)();
  else if (modified && letter === "y") takeAgain();
  else if (modified) return;
  else if (letter in DECIDING) decideChosen(DECIDING[letter]);
  else if (movesOf(letter) !== undefined) choose(movesOf(letter), shift && key.startsWith("Arrow"));
  else if (key === "Escape") choose(placeOf(grid.current));
  else if (key === "Enter") at("passage-text").focus();
  else if (key === "/") at("filter-words").focus();
  else if (key === "?") at("keys").showModal();
  else return;
  event.preventDefault();
}

function chooseAll() {
  if (!listing.rows.length) return;
  grid.anchor = listing.rows[0];
  grid.current = listing.rows.at(-1);
  drawGrid();
  whenChosen();
  say(`${several(listing.rows.length, "text")} chosen; a decision is for all of them.`);
}

function decideChosen(decision) {
  const rows = chosenRows();
  const next = chosenSpan()[1] + 1;
  const after = listing.rows[next];
  if (!rows.length) return;
  const changed = decide(rows, decision);
  const word = decision ? DECISIONS[decision] : "undecided again";
  say(rows.length > 1 ? `${several(changed.length, "text")} ${word}. Z undoes.` : `Line ${counted(rows[0].line)} ${word}.`);
  grid.anchor = null;
  // what is decided may leave the list; the text after it is the next one either way
  if (decision && after) grid.current = after;
  relist();
}

function takeBack() {
  const changed = undo();
  if (changed.length) comeBackTo(changed, "Undone");
}

function takeAgain() {
  const changed = redo();
  if (changed.length) comeBackTo(changed, "Done again");
}

function comeBackTo(changed, word) {
  say(changed.length > 1 ? `${word}: ${several(changed.length, "text")}.` : `${word}: line ${counted(changed[0].row.line)}.`);
  grid.anchor = null;
  grid.current = changed[0].row;
  relist();
  if (placeOf(grid.current) >= 0) choose(placeOf(grid.current));
}

at("grid").addEventListener("keydown", onGridKey);
at("grid").addEventListener("focus", () => grid.current || choose(0));
at("rows").addEventListener("click", (event) => {
  const line = event.target.closest("[data-number]");
  if (line) choose(placeOf(queue.rows[line.dataset.number - 1]), event.shiftKey);
});
at("grid").addEventListener("scroll", drawGrid, { passive: true });
at("passage-text").addEventListener("keydown", (event) => event.key === "Escape" && at("grid").focus());
at("filter-words").addEventListener("keydown", (event) => ["Enter", "Escape"].includes(event.key) && at("grid").focus());
for (const button of at("deciding").querySelectorAll("[data-decision]")) {
  button.addEventListener("click", () => decideChosen(button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.decision));
}
at("undo").addEventListener("click", takeBack);
