// The keyboard. One table is both what keys do and what the help says of them.

const help = byId("help");
const singles = byId("single-keys");
const press = (id) => byId(id)?.click();

const onWord = (event) => wordOf(event.target) >= 0;
const beside = (step) => (event) => (onWord(event) ? choose(chosen + step, { focus: true }) : skip(step * SKIP));
const above = (step) => (event) => onWord(event) && choose(paragraphFrom(chosen, step), { focus: true });
const unsureBy = (step) => () => goToUnsure(step, { focus: true });

function showHelp() {
  help.showModal();
  byId("help-title").focus(); // not the first control, which stands at the end
}

// Keys, as the help writes them, what they do, and how.
const COMMANDS = [
  [["k", " "], "k, Space", "Play or pause", toggle],
  [["ArrowLeft"], "←", "Back 5 seconds; on a word, to the word before", beside(-1)],
  [["ArrowRight"], "→", "Forward 5 seconds; on a word, to the next word", beside(1)],
  [["ArrowUp"], "↑", "On a word, to the paragraph before", above(-1)],
  [["ArrowDown"], "↓", "On a word, to the next paragraph", above(1)],
  [["Enter"], "Enter", "On a word, hear the recording from there", (event) => onWord(event) && hear(chosen)],
  [["j"], "j", "Back 5 seconds, wherever you are", () => skip(-SKIP)],
  [["l"], "l", "Forward 5 seconds, wherever you are", () => skip(SKIP)],
  [["["], "[", "Slower", () => setSpeed(-1)],
  [["]"], "]", "Faster", () => setSpeed(1)],
  [["m"], "m", "Sound off or on", () => (audio.muted = !audio.muted)],
  [["f"], "f", "Follow the spoken word, or not", () => follow(!following)],
  [["n"], "n", "Next unsure word", unsureBy(1)],
  [["p"], "p", "Previous unsure word", unsureBy(-1)],
  [["u"], "u", "Mark unsure words, or not", () => press("mark-unsure")],
  [["i"], "i", "Mark health information, or not, where it was looked for", () => press("mark-phi")],
  [["/"], "/", "Search; Enter and Shift+Enter go from match to match, Esc ends it", () => query.select()],
  [["o"], "o", "Open the recording", () => press("file")],
  [["?"], "?", "This help", showHelp],
];
const RUN = new Map(COMMANDS.flatMap(([keys, , , run]) => keys.map((key) => [key, run])));

/** Whether a key means something to the element that has the focus. */
function taken(key, element) {
  if (element.matches("input[type=search], input.rename, select")) return true;
  if (element.matches("input[type=range]")) return key.startsWith("Arrow");
  return element.matches("button, input, a") && ["Enter", " "].includes(key);
}

addEventListener("keydown", (event) => {
  const run = RUN.get(event.key);
  if (!run || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (taken(event.key, event.target) || (/^[^ ]$/.test(event.key) && !singles.checked)) return;
  if (run(event) !== false) event.preventDefault();
});

byId("keys").append(
  ...COMMANDS.map(([, keys, what]) => {
    const row = document.createElement("tr");
    const [head, cell, key] = ["th", "td", "kbd"].map((name) => document.createElement(name));
    head.scope = "row";
    key.textContent = keys;
    cell.textContent = what;
    head.append(key);
    row.append(head, cell);
    return row;
  }),
);
byId("help-open").addEventListener("click", showHelp);
byId("help-close").addEventListener("click", () => help.close());
byId("print").addEventListener("click", () => print());
