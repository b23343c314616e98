// From hit to hit: of the pinned feature, or of all that are shaded.
let hitAt = -1;

const hitMarks = () => [...at("read").querySelectorAll("mark")].filter((mark) => !pinned || mark.dataset.keys.split(" ").includes(pinned.key));

function showHits() {
  hitAt = -1;
  const count = hitMarks().length;
  at("hits").hidden = count < 2;
  at("hits-count").textContent = `${counted(count)} hits`;
}

function stepHit(step, focus = true) {
  const marks = hitMarks();
  if (!marks.length) return;
  hitAt = (hitAt + step + marks.length) % marks.length;
  const mark = marks[hitAt];
  at("hits-count").textContent = marks.length > 1 ? `hit ${counted(hitAt + 1)} of ${counted(marks.length)}` : "1 hit";
  mark.scrollIntoView({ block: "nearest" });
  if (focus) moveTo(mark);
}

// One mark can be reached with Tab, the others with the arrow keys from there.
function rove() {
  at("read").querySelector("mark")?.setAttribute("tabindex", "0");
}

function moveTo(mark) {
  at("read").querySelector('mark[tabindex="0"]')?.setAttribute("tabindex", "-1");
  mark.setAttribute("tabindex", "0");
  mark.focus();
}

function moveByKey(event) {
  const marks = [...at("read").querySelectorAll("mark")];
  const here = marks.indexOf(document.activeElement);
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: marks.length - 1 }[event.key];
  if (event.key === "Enter" && here >= 0) document.activeElement.click();
  if (here < 0 || to === undefined) return;
  event.preventDefault();
  moveTo(marks[(to + marks.length) % marks.length]);
}

at("hit-next").addEventListener("click", () => stepHit(1));
at("hit-back").addEventListener("click", () => stepHit(-1));
at("read").addEventListener("keydown", moveByKey);
