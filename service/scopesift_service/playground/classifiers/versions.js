// The stored versions of one classifier, and the one in use; what was asked last is what is shown.
const versionQuestions = questions();

async function showVersions() {
  const name = at("versions-name").value;
  if (!name) return;
  const isLast = versionQuestions.next();
  const { versions } = await call(`v1/classifiers/${encodeURIComponent(name)}`);
  if (!isLast()) return;
  at("versions").replaceChildren(table(`Versions of ${name}`, ["version", "made", "", "rules of their own for"], versions.map((one) => ({ ours: one.active, cells: versionRow(name, one) })), 9));
}

function versionRow(name, { version, active, created, langs }) {
  const put = () => activate(name, version);
  return [
    el("code", {}, version),
    created ? new Date(created).toLocaleString() : "with the service",
    active ? el("b", {}, "in use") : el("button", { type: "button", class: "small", disabled: !transferOn, onclick: put, "aria-label": `Put into use: version ${version}` }, "Put into use"),
    el("div", { class: "langs" }, langs.join(", ") || "no language"),
  ];
}

// Puts a version into use; `say` is where the page tells what came of it.
async function activate(name, version, say = at("versions-said")) {
  const token = accessToken(say);
  if (!token) return;
  say.replaceChildren("Putting it into use…");
  try {
    const { previous } = await call(`v1/classifiers/${encodeURIComponent(name)}/activate`, { body: { version }, token });
    const back = previous && el("button", { type: "button", class: "small", onclick: () => activate(name, previous, say) }, `Put ${previous} back`);
    say.replaceChildren(`${name} ${version} is in use now. `, ...(back ? [back] : []));
    await showAll();
    await showTrailAgain();
  } catch (error) {
    say.replaceChildren(el("span", { class: "wrong" }, error.message));
  }
}
