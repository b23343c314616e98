// What every page does: follow the server's state, ask for a key, turn the colours.
const THEMES = { system: ["◐", "as the system"], light: ["☀", "light"], dark: ["☾", "dark"] };
const THEME_NAME = "scopesift-theme";
let whenReady = async () => {};

// A page calls this last: `ready` runs once the server is ready, and again after it was away or got a key.
function openPage(ready) {
  whenReady = ready;
  watch();
}

async function watch() {
  const response = await fetch("readyz", { cache: "no-store" }).catch(() => null);
  const state = response?.ok ? "ready" : response ? "warming up" : "away";
  const was = at("state").dataset.state;
  at("state").dataset.state = state.split(" ")[0];
  at("state").lastElementChild.textContent = state;
  if (state === "ready" && was !== "ready") await runWhenReady();
  setTimeout(watch, state === "ready" ? 15000 : 2000);
}

async function runWhenReady() {
  try {
    await whenReady();
  } catch (error) {
    if (error.status === 401) wantKey();
  }
  document.documentElement.dataset.loaded = "";
}

// The wish for a key stands above the page and takes no keystroke; the dialog opens when somebody asks for it.
function wantKey() {
  at("key-wanted-why").textContent = readKey() ? "The API key isn't one of this server's." : "This server asks for an API key. Nothing is classified until it has one.";
  at("key-wanted").hidden = false;
}

at("key-open").addEventListener("click", () => {
  at("key-value").value = "";
  at("key").returnValue = "";
  at("key").showModal();
});
at("key").addEventListener("close", () => {
  const key = at("key-value").value.trim();
  at("key-value").value = "";
  if (at("key").returnValue !== "use" || !key) return;
  keepKey(key);
  at("key-wanted").hidden = true;
  runWhenReady();
});

// a link would replace the part of the address in which pages keep settings
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("main").focus();
});

function showTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  at("theme").textContent = THEMES[theme][0];
  at("theme").setAttribute("aria-label", `Colours: ${THEMES[theme][1]}`);
}

at("theme").addEventListener("click", () => {
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % order.length];
  showTheme(next);
  try {
    localStorage.setItem(THEME_NAME, next);
  } catch {
    // storage may be forbidden: the choice then lasts until the page is left
  }
});
try {
  const kept = localStorage.getItem(THEME_NAME);
  if (kept in THEMES) showTheme(kept);
} catch {
  // see above
}
