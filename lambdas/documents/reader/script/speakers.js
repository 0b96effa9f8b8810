// Names that the reader gives speakers: in this page only, for as long as it is open.

for (const input of document.querySelectorAll("input.rename")) {
  input.addEventListener("input", () => {
    const name = input.value.trim() || input.defaultValue;
    for (const shown of main.querySelectorAll(`.s${input.dataset.speaker} .name`)) shown.textContent = name;
  });
  input.addEventListener("change", () => (input.value = input.value.trim() || input.defaultValue));
}
