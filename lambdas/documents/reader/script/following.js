// The spoken word follows the sound, and the page follows the word until the reader scrolls elsewhere.

const SILENCE = 1; // seconds after a word's end for which it stays marked
const timed = [...starts.keys()].filter((word) => !Number.isNaN(starts[word])).sort((a, b) => starts[a] - starts[b]);
const timedStarts = Float64Array.from(timed, (word) => starts[word]);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const GLIDE = 800; // milliseconds: a browser forgets where it was going if it is sent there again on its way
let spoken = -1;
let following = true;
let gliding = 0;

function spokenAt(seconds) {
  const place = lastUpTo(timedStarts, seconds);
  if (place < 0) return -1;
  return seconds < ends[timed[place]] + SILENCE ? timed[place] : -1;
}

function showSpoken() {
  const word = spokenAt(audio.currentTime);
  if (word === spoken) return;
  if (spoken >= 0) elementOf(spoken).classList.remove("spoken");
  spoken = word;
  if (spoken < 0) return;
  elementOf(spoken).classList.add("spoken");
  if (following) keepInView(elementOf(spoken));
}

function keepInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  if (performance.now() < gliding || (top > innerHeight * 0.15 && bottom < innerHeight * 0.7)) return;
  const glide = calm.matches || Math.abs(top) > 2 * innerHeight ? "auto" : "smooth";
  gliding = performance.now() + GLIDE;
  element.scrollIntoView({ block: "center", behavior: glide });
}

function follow(whether) {
  following = whether;
  byId("follow").setAttribute("aria-pressed", String(whether));
  if (whether && spoken >= 0) keepInView(elementOf(spoken));
}

// `timeupdate` comes four times a second at best, and words come faster.
function everyFrame() {
  showSpoken();
  if (!audio.paused) requestAnimationFrame(everyFrame);
}

audio.addEventListener("play", everyFrame);
audio.addEventListener("seeked", showSpoken);
audio.addEventListener("pause", showSpoken);
byId("follow").addEventListener("click", () => follow(!following));

const elsewhere = () => following && !audio.paused && follow(false);
addEventListener("wheel", elsewhere, { passive: true });
addEventListener("touchmove", elsewhere, { passive: true });
addEventListener("mousedown", (event) => event.clientX >= root.clientWidth && elsewhere()); // on the scroll bar
addEventListener("keydown", (event) => ["PageUp", "PageDown", "Home", "End"].includes(event.key) && elsewhere());
