// Search: in the words alone, so that punctuation and paragraphs between them do not matter.

const MOST_PAINTED = 5000; // matches painted at once; all are counted, and can be gone to
const query = byId("query");
const search = { sought: "", matches: [], at: -1 }; // matches are places in the index's text
let index = null;

/** All words in one text, and where in it each begins; made when it is first needed. */
function indexed() {
  if (index) return index;
  const words = paragraphs.flatMap((each) => Array.from(each.children, (word) => word.textContent.toLowerCase()));
  let next = 0;
  const places = words.map((word) => {
    const place = next;
    next += word.length + 1;
    return place;
  });
  index = { text: words.join(" "), places };
  return index;
}

function find() {
  const words = query.value.toLowerCase().split(/\s+/).map((word) => word.replace(MARKS, ""));
  search.sought = words.filter(Boolean).join(" ");
  search.matches = search.sought ? [...placesOf(search.sought)] : [];
  search.at = -1;
  paint("found", search.matches.slice(0, MOST_PAINTED));
  const next = search.matches.findIndex((place) => place >= (index.places[chosen] ?? 0));
  if (search.matches.length) goToMatch(Math.max(0, next));
  else showMatch();
}

function* placesOf(sought) {
  const { text } = indexed();
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length)) yield at;
}

function goToMatch(number) {
  if (!search.matches.length) return;
  search.at = (number + search.matches.length) % search.matches.length;
  goTo(lastUpTo(index.places, search.matches[search.at]));
  showMatch();
}

function showMatch() {
  const { sought, matches, at } = search;
  byId("found").textContent = !sought ? "" : matches.length ? `${at + 1} of ${matches.length}` : "none";
  for (const name of ["found-before", "found-next"]) byId(name).disabled = !matches.length;
  paint("match", at < 0 ? [] : [matches[at]]);
}

function paint(name, places) {
  // A browser that does not know highlights goes to matches all the same.
  if (globalThis.Highlight) CSS.highlights.set(name, new Highlight(...places.map(range)));
}

function range(place) {
  const [startContainer, startOffset] = point(place);
  const [endContainer, endOffset] = point(place + search.sought.length);
  return new StaticRange({ startContainer, startOffset, endContainer, endOffset });
}

function point(place) {
  const word = lastUpTo(index.places, place);
  const text = elementOf(word).firstChild ?? elementOf(word);
  return [text, Math.min(place - index.places[word], text.length ?? 0)];
}

let waiting = 0;
query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(find, 100);
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter") goToMatch(search.at + (event.shiftKey ? -1 : 1));
  if (event.key !== "Escape") return;
  query.value = "";
  find();
  if (chosen >= 0) elementOf(chosen).focus();
  else query.blur();
});
byId("found-before").addEventListener("click", () => goToMatch(search.at - 1));
byId("found-next").addEventListener("click", () => goToMatch(search.at + 1));
