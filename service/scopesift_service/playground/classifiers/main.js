let classifiersShown = [];
const allQuestions = questions();

async function showAll() {
  const isLast = allQuestions.next();
  const list = await call("v1/classifiers");
  if (!isLast()) return;
  at("scope").textContent = list.scope.id;
  at("scope").hidden = false;
  at("shelf").replaceChildren(...list.classifiers.map(book));
  for (const id of ["transfer-name", "versions-name", "features-name"]) {
    const chosen = at(id).value || "toxicity";
    at(id).replaceChildren(...list.classifiers.map(({ name }) => el("option", { value: name, selected: name === chosen }, name)));
  }
  showTransferState(list.transfer);
  classifiersShown = list.classifiers;
  offerRules();
  await Promise.all([showVersions(), showFeatures()]);
}

// After a failure nothing of before stands there as if it were so now.
async function start() {
  at("problem").hidden = true;
  try {
    await showAll();
  } catch (error) {
    at("shelf").replaceChildren();
    at("versions").replaceChildren();
    at("features").replaceChildren();
    at("problem").textContent = error.message;
    at("problem").hidden = false;
    throw error;
  }
}

at("versions-name").addEventListener("change", () => start().catch(() => null));
at("features-name").addEventListener("change", () => {
  offerRules();
  showFeatures();
});
for (const id of ["features-rule", "features-label"]) at(id).addEventListener("change", () => showFeatures());
at("features-search").addEventListener("input", () => searchSoon());
at("features-ask").addEventListener("submit", (event) => event.preventDefault());
at("features-plain").addEventListener("change", () => {
  revealed.clear();
  showFeatures();
});
at("features-more").addEventListener("click", () => showMoreFeatures());
at("transfer-rows").addEventListener("input", showTally);
at("transfer-rows").placeholder = "toxic\tdu bist so ein Idiot\nclean\tder Zug kommt um acht\n{\"text\": \"…\", \"label\": \"clean\"}";
at("audit-show").addEventListener("click", showTrail);
at("transfer").addEventListener("submit", makeDraft);
openPage(start);
