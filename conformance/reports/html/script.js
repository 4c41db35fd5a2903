"use strict";
(() => {
  const rows = [...document.querySelectorAll("tr.row")];
  const fields = ["verdict", "level", "group", "class"].map((name) => [name, document.getElementById(name)]);
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = fields.every(([name, field]) => !field.value || row.dataset[name] === field.value);
      const visible = fits && words.every((word) => textOf(row).includes(word));
      row.hidden = !visible;
      if (visible) count += 1;
    }
    for (const subject of document.querySelectorAll("section.subject table")) {
      subject.hidden = !subject.querySelector("tr.row:not([hidden])");
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  const follow = () => {
    const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row) return;
    if (row.hidden) {
      for (const [, field] of fields) field.value = "";
      search.value = "";
      apply();
    }
    const details = row.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView({ block: "center" });
  };
  document.querySelector("form.filters").addEventListener("submit", (event) => event.preventDefault());
  for (const field of [search, ...fields.map(([, field]) => field)]) field.addEventListener("input", apply);
  addEventListener("hashchange", follow);
  for (const button of document.querySelectorAll(".replay button")) {
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.previousElementSibling.textContent);
        button.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(button.previousElementSibling);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        button.textContent = "Selected";
      }
    });
  }
  apply();
  follow();
})();
