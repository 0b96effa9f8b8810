// The words: elements to read, and what is known of each as numbers. All other files build on this one.
// Nothing here writes anything but text, and nothing asks anybody for anything.

const MARKS = /[.,;:!?]+$/; // behind a word; before one a point is part of a number: .5 is not 5
const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const main = byId("transcript");
const data = JSON.parse(byId("data").textContent);

const count = data.starts.length;
const starts = new Float64Array(count).fill(NaN); // seconds; NaN where the service gave no time
const ends = new Float64Array(count).fill(NaN);
data.starts.reduce((before, step, i) => {
  if (step === null) return before;
  starts[i] = (before + step) / 100;
  ends[i] = starts[i] + data.lengths[i] / 100;
  return before + step;
}, 0);

const paragraphs = [...main.querySelectorAll("p[data-w]")];
const firsts = paragraphs.map((paragraph) => Number(paragraph.dataset.w));

/** Where the last of these ascending numbers stands that is not above the limit; -1 if all are. */
function lastUpTo(numbers, limit) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function elementOf(word) {
  const paragraph = lastUpTo(firsts, word);
  return paragraphs[paragraph].children[word - firsts[paragraph]];
}

/** The number of the word that this element is, or lies in; -1 if it is none. */
function wordOf(element) {
  const spoken = element.closest?.("p[data-w] > *");
  if (!spoken) return -1;
  return Number(spoken.parentNode.dataset.w) + Array.prototype.indexOf.call(spoken.parentNode.children, spoken);
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

root.classList.add("live");
