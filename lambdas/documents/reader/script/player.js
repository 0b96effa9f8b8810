// The player. The recording is a file that the reader picks, which never leaves the browser; or, where the operator's
// tool serves this page on the reader's own machine, what it serves beside it.

const SKIP = 5; // seconds
const LONGER = 1.5; // seconds by which speech may seem to outlast the recording
const audio = byId("audio");
const seek = byId("seek");
const source = main.querySelector("h1").textContent;
const speechEnds = ends.reduce((latest, end) => (end > latest ? end : latest), 0);
let address = null;
let offered = false;

function load(file) {
  if (address) URL.revokeObjectURL(address);
  address = URL.createObjectURL(file);
  audio.src = address;
  const another = data.file !== file.name;
  tell(another ? `Is this the right recording? It is called “${file.name}”, the transcript was made from “${source}”.` : "");
}

function tell(message) {
  byId("said-of-audio").textContent = message;
}

function ready() {
  return audio.readyState > 0;
}

/** How long the recording is; until a browser knows (of some files it never does), as long as somebody speaks. */
function length() {
  return Number.isFinite(audio.duration) ? audio.duration : speechEnds;
}

function hear(word) {
  if (Number.isNaN(starts[word])) return;
  if (!ready()) return offer();
  audio.currentTime = starts[word];
  play();
}

/** Say once what a click on a word is for: who only reads need not hear it again. */
function offer() {
  if (!offered) tell("Open the recording to hear it.");
  offered = true;
}

function play() {
  audio.play().catch((error) => {
    if (error.name !== "AbortError") tell("The recording cannot be played.");
  });
}

function toggle() {
  if (!ready()) return tell("Open the recording to hear it.");
  if (audio.paused) play();
  else audio.pause();
}

function skip(seconds) {
  if (ready()) audio.currentTime = Math.min(Math.max(audio.currentTime + seconds, 0), length());
}

function setSpeed(step) {
  const speed = byId("speed");
  speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + step, 0), speed.options.length - 1);
  audio.playbackRate = Number(speed.value);
}

function showPlace() {
  byId("now").textContent = clock(audio.currentTime);
  seek.value = audio.currentTime;
  seek.setAttribute("aria-valuetext", `${clock(audio.currentTime)} of ${clock(length())}`);
}

audio.addEventListener("loadedmetadata", () => {
  byId("pick").hidden = true;
  byId("controls").hidden = false;
  byId("length").textContent = clock(length());
  seek.max = length();
  audio.playbackRate = Number(byId("speed").value);
  showPlace();
  if (speechEnds > length() + LONGER)
    tell(`Is this the right recording? It ends at ${clock(length())}, the transcript at ${clock(speechEnds)}.`);
});
audio.addEventListener("error", () => {
  byId("pick").hidden = false;
  byId("controls").hidden = true;
  tell(address ? "This browser cannot play that file." : "The recording is not here. If you have it, open it.");
});
audio.addEventListener("timeupdate", showPlace);
for (const [event, label] of Object.entries({ play: "Pause", pause: "Play", ended: "Play" }))
  audio.addEventListener(event, () => {
    byId("play").setAttribute("aria-label", label);
    root.classList.toggle("playing", !audio.paused);
  });

byId("message-close").addEventListener("click", () => tell(""));
byId("play").addEventListener("click", toggle);
byId("back").addEventListener("click", () => skip(-SKIP));
byId("forward").addEventListener("click", () => skip(SKIP));
byId("speed").addEventListener("change", () => setSpeed(0));
byId("volume").addEventListener("input", (event) => (audio.volume = Number(event.target.value)));
seek.addEventListener("input", () => (audio.currentTime = Number(seek.value)));
byId("file").addEventListener("change", (event) => event.target.files.length && load(event.target.files[0]));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) load(event.dataTransfer.files[0]);
});

if (location.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) audio.src = "audio";
