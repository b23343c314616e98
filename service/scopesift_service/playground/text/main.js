function put(text) {
  at("text").value = text;
  soon();
  return judge();
}

async function start() {
  try {
    const list = await call("v1/classifiers");
    at("scope").textContent = list.scope.id;
    at("scope").hidden = false;
    loaded = list.classifiers;
    limits = { ...limits, ...list.limits };
    fitSettings();
    showSettings();
  } catch (error) {
    fail(error);
    throw error;
  }
  await judge();
}

readSettings();
addEventListener("hashchange", () => {
  if (location.hash && !location.hash.includes("=")) return;
  readSettings();
  fitSettings();
  showSettings();
  judge();
});
at("text").addEventListener("input", soon);
at("text").addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && judge());
at("judge").addEventListener("click", judge);
at("clear").addEventListener("click", () => { put(""); at("text").focus(); });
at("examples").replaceChildren(...EXAMPLES.map(([name, text]) => el("button", { type: "button", dir: "auto", onclick: () => put(text) }, name)));
at("text").value = EXAMPLES[2][1];
soon();
clearTimeout(timer);
openPage(start);
