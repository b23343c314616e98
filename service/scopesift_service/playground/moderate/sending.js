// Sends the waiting texts, one call at a time. A call that fails leaves its texts waiting, so that nothing is lost.
const LONGEST_PAUSE = 20; // seconds between two tries while nothing answers
const MOST_FAILURES = 3; // of one call for a reason that waiting doesn't mend
const sending = { state: "idle", size: Infinity, said: "", until: 0, wake: null, flight: null, run: 0, spent: 0, done: 0 };
let whenSent = () => {};

// The next texts within the limits of a call; a text that is too long for any call never leaves the page.
function nextBatch() {
  const { max_texts: most, max_characters: longest, max_call_characters: room } = queue.limits;
  const batch = [];
  let characters = 0;
  for (const row of queue.rows) {
    if (row.state !== "waiting") continue;
    const length = [...row.text].length;
    if (length > Math.min(longest, room)) {
      failRow(row, `${counted(length)} characters; this service takes ${counted(Math.min(longest, room))}. Decide by reading.`);
      continue;
    }
    if (batch.length >= Math.min(most, sending.size) || (batch.length && characters + length > room)) break;
    batch.push(row);
    characters += length;
  }
  return batch;
}

async function startSending() {
  if (sending.state === "sending") return;
  const run = ++sending.run;
  setSending("sending");
  await sending.flight?.catch(() => {}); // of before a pause
  for (let failures = 0; run === sending.run; ) {
    const batch = nextBatch();
    if (!batch.length) return setSending("idle");
    const started = performance.now();
    try {
      sending.flight = call("v1/classify", { body: { texts: batch.map((row) => row.text), explain: false } });
      const answer = await sending.flight;
      // rows that were discarded meanwhile may be filled in, nobody sees them
      answer.results.forEach((record, index) => keepVerdicts(batch[index], record));
      failures = 0;
      sending.said = "";
      sending.spent += performance.now() - started;
      sending.done += batch.length;
      sending.size = Math.min(queue.limits.max_texts, batch.length * 2);
      whenSent();
    } catch (error) {
      if (run !== sending.run) return;
      failures += 1;
      if (error.status === 401) wantKey();
      if (!(await overcome(error, batch, failures))) return;
    }
  }
}

// Waits, or takes fewer texts; whether to go on. `failures` counts those since the last answer.
async function overcome(error, batch, failures) {
  const run = sending.run;
  if ([0, 408, 413, 503].includes(error.status)) sending.size = Math.max(1, Math.floor(batch.length / 2));
  if (error.status === 413) {
    if (batch.length === 1) failRow(batch[0], "This text is longer than the service takes. Decide by reading.");
    return true;
  }
  if ([0, 408, 429, 503].includes(error.status)) {
    const backoff = Math.min(LONGEST_PAUSE, 2 ** (failures - 1));
    await pauseFor(error.status === 429 || error.status === 503 ? error.wait : backoff, error.message);
    return run === sending.run;
  }
  if (error.status >= 500 && failures < MOST_FAILURES) {
    await pauseFor(2 ** failures, error.message);
    return run === sending.run;
  }
  sending.said = error.message;
  setSending("stopped");
  return false;
}

function pauseFor(seconds, why) {
  sending.until = performance.now() + 1000 * seconds;
  sending.said = why;
  whenSent();
  return new Promise((done) => {
    const ticking = setInterval(whenSent, 1000);
    const timer = setTimeout(() => sending.wake(), 1000 * seconds);
    sending.wake = () => {
      clearInterval(ticking);
      clearTimeout(timer);
      sending.until = 0;
      sending.wake = null;
      done();
    };
  });
}

// A call under way is let finish, and its verdicts are kept.
function pauseSending() {
  sending.run += 1;
  sending.said = "";
  sending.wake?.();
  setSending(queue.rows.some((row) => row.state === "waiting") ? "paused" : "idle");
}

function setSending(state) {
  sending.state = state;
  whenSent();
}

// Seconds until the waiting texts are done, at the rate so far; null before the first answer.
function secondsLeft(waiting) {
  return sending.done ? Math.ceil((waiting * sending.spent) / sending.done / 1000) : null;
}

addEventListener("online", () => sending.wake?.());
