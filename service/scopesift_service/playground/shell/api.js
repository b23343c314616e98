let apiKey = "";

class Refusal extends Error {
  constructor(status, message, wait) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

// Resolves to the JSON answer; throws a Refusal with one readable line.
async function call(path, { body, token, signal } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const secret = token || apiKey;
  if (secret) headers.authorization = `Bearer ${secret}`;
  let response;
  try {
    response = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, signal, cache: "no-store", credentials: "omit", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const said = answer?.error?.message ?? answer?.message ?? answer?.detail;
  const wait = Number(response.headers.get("retry-after"));
  throw new Refusal(response.status, typeof said === "string" ? said : `The server answered ${response.status}.`, Number.isFinite(wait) && wait > 0 ? wait : 1);
}

// Asks for an API key once the server wants one; resolves to whether a key was given.
function askForKey() {
  const dialog = at("key");
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      apiKey = dialog.returnValue === "use" ? at("key-value").value.trim() : "";
      done(apiKey !== "");
    }, { once: true });
    dialog.showModal();
  });
}
