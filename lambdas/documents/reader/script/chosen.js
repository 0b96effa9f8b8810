// The chosen word, the first one to begin with. Tab reaches no other; the others are reached from it by arrow keys.

const MOST_COMPARED = 250_000; // pairs of words: two readings longer than that are shown without comparing them
let chosen = -1;

function choose(word, { focus = false } = {}) {
  if (!(word >= 0 && word < count)) return;
  const before = Math.max(chosen, 0);
  if (before !== word) release(elementOf(before));
  chosen = word;
  const element = elementOf(word);
  element.tabIndex = 0;
  element.classList.add("chosen");
  if (!Number.isNaN(starts[word])) element.setAttribute("role", "button");
  describe(word, element);
  element.setAttribute("aria-describedby", "word-summary");
  if (focus) element.focus();
}

function release(element) {
  element.classList.remove("chosen");
  for (const name of ["tabindex", "role", "aria-describedby"]) element.removeAttribute(name);
}

function describe(word, element) {
  const sure = data.sure[word] === null ? "not told" : `${data.sure[word]} %`;
  const time = Number.isNaN(starts[word]) ? "not told" : clock(starts[word]);
  const stretch = stretchOf(word);
  const others = stretch ? stretch[2].slice(1) : [];
  byId("word-none").hidden = true;
  byId("word-chosen").hidden = false;
  byId("word-said").textContent = element.textContent;
  byId("word-time").textContent = time;
  byId("word-sure").textContent = sure;
  byId("word-phi-row").hidden = !element.dataset.phi;
  byId("word-phi").textContent = element.dataset.phi ?? "";
  byId("readings-part").hidden = !others.length;
  byId("readings").replaceChildren(...others.map((other) => reading(stretch[2][0], other)));
  byId("word-summary").textContent = [
    `said at ${time}`,
    `confidence ${sure}`,
    ...(element.dataset.phi ? [`health information, ${element.dataset.phi}`] : []),
    ...(others.length ? [`${others.length} other ${others.length > 1 ? "readings" : "reading"}`] : []),
  ].join(", ");
}

/** The stretch of the recording in which a word lies; where voices overlap, one in which it is said. */
function stretchOf(word) {
  const from = starts[word] * 100;
  const to = ends[word] * 100;
  const around = data.stretches.filter(([start, end]) => start <= from + 1 && end >= to - 1);
  const text = elementOf(word).textContent;
  return around.find(([, , readings]) => readings[0]?.includes(text)) ?? around[0];
}

/** Another reading, with what it says instead of the likeliest one. */
function reading(likeliest, other) {
  const item = document.createElement("li");
  for (const [name, word] of compared(likeliest.split(" "), other.split(" "))) {
    const part = document.createElement(name);
    part.textContent = word;
    item.append(part, " ");
  }
  return item;
}

/** The words of both, as elements: the same in both but for capitals and marks, only in the first, only in the other. */
function compared(first, other) {
  if (first.length * other.length > MOST_COMPARED) return [["span", other.join(" ")]];
  const [plain, otherPlain] = [first, other].map((words) => words.map((word) => word.toLowerCase().replace(MARKS, "")));
  const common = longestCommon(plain, otherPlain);
  const words = [];
  for (let i = 0, j = 0; i < first.length || j < other.length; ) {
    if (plain[i] === otherPlain[j]) words.push(["span", other[(i++, j++)]]);
    else if (j === other.length || (i < first.length && common[i + 1][j] >= common[i][j + 1])) words.push(["s", first[i++]]);
    else words.push(["b", other[j++]]);
  }
  return words;
}

/** How many words the rests of both have in common, in order, from any two places on. */
function longestCommon(first, other) {
  const common = Array.from({ length: first.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = first.length - 1; i >= 0; i--)
    for (let j = other.length - 1; j >= 0; j--)
      common[i][j] = first[i] === other[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  return common;
}

/** Choose a word that may be far away, and go there. */
function goTo(word, { focus = false } = {}) {
  if (!audio.paused) follow(false);
  choose(word);
  if (focus) elementOf(word).focus({ preventScroll: true });
  elementOf(word).scrollIntoView({ block: "center" });
}

/** The first word of the paragraph so many after this word's. */
function paragraphFrom(word, step) {
  const paragraph = lastUpTo(firsts, word) + step;
  return firsts[Math.min(Math.max(paragraph, 0), firsts.length - 1)];
}

main.addEventListener("click", (event) => {
  const word = wordOf(event.target);
  if (word < 0 || !getSelection().isCollapsed) return; // who marks text does not mean to listen
  choose(word, { focus: true });
  hear(word);
});

byId("word-close").addEventListener("click", () => {
  byId("word-chosen").hidden = true;
  byId("word-none").hidden = false;
  elementOf(chosen).focus({ preventScroll: true });
});
if (count) elementOf(0).tabIndex = 0;
main.addEventListener("focusin", (event) => {
  const word = wordOf(event.target);
  if (word >= 0 && word !== chosen) choose(word);
});
