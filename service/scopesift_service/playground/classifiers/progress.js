// What the server is doing while a version is made: its stage in words, and how much of it is done.
const STAGES = {
  loading: "Loading the model",
  reading: "Reading the examples",
  choosing: "Trying ways to decide, each cross-validated",
  naming: "Naming the features",
  measuring: "Measuring the rule in use on the same examples",
  comparing: "Comparing old and new verdicts",
  storing: "Storing the version",
};
const ASK_EVERY = 500; // ms

// Follows the change of one classifier in a place of the page; returns what ends it.
function followProgress(place, name, token) {
  const stage = el("span", { role: "status" });
  const bar = el("progress", { "aria-label": "how much of this stage is done" });
  const count = el("span", { class: "fine" });
  place.replaceChildren(el("div", { class: "progress" }, stage, bar, count));
  const began = Date.now();
  let over = false;
  const show = (running) => {
    const said = STAGES[running?.stage] ?? "Waiting for the server";
    // said once a stage: who listens to the page isn't told every second
    if (stage.textContent !== said) stage.textContent = said;
    if (running?.of) [bar.max, bar.value] = [running.of, running.done];
    else bar.removeAttribute("value");
    count.textContent = [running?.of ? `${counted(running.done)} of ${counted(running.of)}` : "", `${Math.round((Date.now() - began) / 1000)} s`].filter(Boolean).join(" · ");
  };
  (async () => {
    show(null);
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
      const answer = over ? null : await call(`v1/classifiers/${encodeURIComponent(name)}/progress`, { token }).catch(() => null);
      if (!over && answer) show(answer.running);
    }
  })();
  return () => {
    over = true;
    place.replaceChildren();
  };
}
