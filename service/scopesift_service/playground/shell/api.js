// The one way to the server. The key lives as long as the tab, so that it holds on every page of the playground.
const LONGEST_WAIT = 40_000; // ms; the server itself gives up after 30 s unless it is set otherwise
const KEY_NAME = "scopesift-key";

// The server said no, or nothing; `message` is for people, `wait` is the time in seconds until it may be asked again.
class Refusal extends Error {
  constructor(status, message, wait) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

// Questions of one kind, of which only the last counts, as answers may come in another order. Each gives a function that
// tells whether the question is still the last: `next()` of a new question, `now()` of the one that was asked last.
function questions() {
  let last = 0;
  const now = () => {
    const own = last;
    return () => own === last;
  };
  return {
    now,
    next() {
      last += 1;
      return now();
    },
  };
}

// Resolves to the JSON answer; throws a Refusal, or an AbortError if the caller's signal says so.
async function call(path, { body, token, signal } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const secret = token || readKey();
  if (secret) headers.authorization = `Bearer ${secret}`;
  const patience = AbortSignal.timeout(token ? 20 * LONGEST_WAIT : LONGEST_WAIT);
  try {
    const response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      cache: "no-store",
      credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return await read(response, Boolean(token));
  } catch (error) {
    if (error instanceof Refusal || (error.name === "AbortError" && signal?.aborted)) throw error;
    throw error.name === "TimeoutError" ? new Refusal(0, NO_ANSWER.late) : new Refusal(0, NO_ANSWER.away);
  }
}

async function read(response, withToken) {
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const wait = Number(response.headers.get("retry-after"));
  const said = answer?.error?.message ?? answer?.message ?? answer?.detail;
  throw new Refusal(
    response.status,
    inWords(response.status, typeof said === "string" ? said : "", withToken),
    Number.isFinite(wait) && wait > 0 ? wait : 1,
  );
}

// Storage may be forbidden; the key then lasts until the page is left.
let keyOfPage = "";
function readKey() {
  try {
    return sessionStorage.getItem(KEY_NAME) ?? keyOfPage;
  } catch {
    return keyOfPage;
  }
}

function keepKey(key) {
  keyOfPage = key;
  try {
    sessionStorage.setItem(KEY_NAME, key);
  } catch {
    // see above
  }
}
