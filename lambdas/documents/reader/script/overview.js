// Who speaks when, each on a line of their own, and under them where words are unsure: over the whole recording.

const HUES = 6;
const overview = byId("overview");
const spans = paragraphs.map((paragraph, i) => {
  const last = firsts[i] + paragraph.children.length - 1;
  const place = paragraph.parentNode.className.match(/\bs(\d+)\b/)?.[1] ?? 0;
  return { lane: place % HUES, start: starts[firsts[i]], end: ends[last] };
});
const lanes = Math.max(1, ...spans.map((span) => span.lane + 1));

function drawOverview() {
  const width = (overview.width = overview.clientWidth * devicePixelRatio);
  const height = (overview.height = overview.clientHeight * devicePixelRatio);
  const pen = overview.getContext("2d");
  const style = getComputedStyle(root);
  const step = height / (lanes + 1);
  const draw = (start, end, lane, least) => {
    const from = (start / length()) * width;
    pen.fillRect(from, lane * step, Math.max(least, ((end - start) / length()) * width), step - devicePixelRatio);
  };
  for (const { lane, start, end } of spans) {
    pen.fillStyle = style.getPropertyValue(`--h${lane}`);
    draw(start, end, lane, 1); // a span without a time draws nothing
  }
  pen.fillStyle = style.getPropertyValue("--very");
  for (const word of unsureWords()) draw(starts[word], ends[word], lanes, devicePixelRatio);
}

audio.addEventListener("loadedmetadata", drawOverview);
new ResizeObserver(() => ready() && drawOverview()).observe(overview);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => ready() && drawOverview());
