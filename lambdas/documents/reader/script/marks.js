// Marks that can be switched on and off, and the way from one unsure word to the next.

let unsure = null;

function unsureWords() {
  unsure ??= Array.from(main.querySelectorAll("p[data-w] > u"), wordOf);
  return unsure;
}

function goToUnsure(step, options) {
  const words = unsureWords();
  if (!words.length) return;
  const before = lastUpTo(words, chosen);
  const here = words[before] === chosen;
  const next = step > 0 ? before + 1 : here ? before - 1 : before;
  const number = (next + words.length) % words.length;
  goTo(words[number], options);
  byId("unsure-count").textContent = `${number + 1} of ${words.length} unsure`;
}

/** What a box that is ticked, or is not, means for the page. */
function switches(id, apply) {
  const box = byId(id);
  if (!box) return;
  box.addEventListener("change", () => apply(box.checked));
  apply(box.checked); // a browser may remember how it was
}

switches("mark-unsure", (marked) => root.classList.toggle("unmarked", !marked));
switches("mark-phi", (marked) => root.classList.toggle("marks-phi", marked));
byId("unsure-before").addEventListener("click", () => goToUnsure(-1));
byId("unsure-next").addEventListener("click", () => goToUnsure(1));
