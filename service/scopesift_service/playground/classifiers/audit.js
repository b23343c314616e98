// The audit trail: shown once somebody with a token wants it, and again after every change.
const TRAIL_LENGTH = 200;
const DEEDS = {
  transfer: "made a rule for a language",
  activate: "put a version into use",
  take_back: "put the version before back: the new one can't be loaded",
  rename: "named a feature",
  mute: "muted a feature",
};
let trailWanted = false;
const trailQuestions = questions();

async function showTrail() {
  const token = accessToken(at("audit-said"));
  if (!token) return;
  trailWanted = true;
  const isLast = trailQuestions.next();
  try {
    const { entries, unreadable } = await call(`v1/audit?limit=${TRAIL_LENGTH}`, { token });
    if (!isLast()) return;
    at("audit-said").textContent = [
      entries.length ? "" : "Nothing was changed yet.",
      entries.length === TRAIL_LENGTH ? `The newest ${TRAIL_LENGTH} changes.` : "",
      unreadable ? `${counted(unreadable)} line${unreadable === 1 ? "" : "s"} of the file can't be read.` : "",
    ].join(" ").trim();
    at("audit").replaceChildren(...(entries.length ? [table("Audit trail", ["when", "who", "what", "classifier", "from", "to"], entries.map(deed), 9)] : []));
  } catch (error) {
    if (!isLast()) return;
    at("audit").replaceChildren();
    at("audit-said").replaceChildren(el("span", { class: "wrong" }, error.message));
  }
}

const showTrailAgain = () => (trailWanted ? showTrail() : null);

function deed({ time, who, action, classifier, previous, version, in_use: inUse, ...about }) {
  return [
    el("time", { datetime: time }, new Date(time).toLocaleString()),
    el("bdi", {}, who),
    el("div", { class: "deed" }, DEEDS[action] ?? action, inUse ? "" : ", as a draft", ...particulars(about)),
    classifier,
    previous ? el("code", {}, previous) : "–",
    el("code", {}, version),
  ];
}

function particulars({ lang, examples, suggested, labelled, feature, given_name: given }) {
  const said = [
    lang && named("language", lang),
    Number.isFinite(examples) && examples > 0 && `${counted(examples)} ${suggested ? "of the moderators' decisions" : labelled === false ? "texts without labels" : "examples"}`,
    feature && `feature ${feature}`,
    given && `“${given}”`,
  ].filter(Boolean);
  return said.length ? [el("div", { class: "fine", dir: "auto" }, said.join(", "))] : [];
}
