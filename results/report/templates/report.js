"use strict";
// Without this script every table is there, in the order of its ranks.

function sortBy(table, column, ascending) {
  const order = (row) => row.cells[column].dataset.order;
  const numeric = table.tHead.rows[0].cells[column].classList.contains("number");
  const compare = (a, b) => (numeric ? a - b : a.localeCompare(b));
  const rows = [...table.tBodies[0].rows].sort((first, second) => {
    const a = order(first);
    const b = order(second);
    if (a === "" || b === "") return (a === "") - (b === ""); // what is missing stays last
    return ascending ? compare(a, b) : compare(b, a);
  });
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table.leaderboard")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sortBy(table, column, ascending);
    });
  });
  if (headings[0].dataset.column === "rank") headings[0].setAttribute("aria-sort", "ascending");
}

for (const input of document.querySelectorAll("input[data-table]")) {
  const rows = [...document.getElementById(input.dataset.table).tBodies[0].rows];
  const status = input.parentElement.querySelector("[role=status]");
  input.parentElement.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    status.textContent = input.value ? `${shown} of ${rows.length} rows` : "";
  });
}

function showColumn(name, shown) {
  for (const heading of document.querySelectorAll(`th[data-column="${name}"]`)) {
    const rows = heading.closest("table").rows;
    for (const row of rows) row.cells[heading.cellIndex].hidden = !shown;
  }
}

for (const chooser of document.querySelectorAll("details.columns")) {
  const headings = [...document.getElementById(chooser.dataset.table).tHead.rows[0].cells];
  chooser.hidden = false;
  for (const heading of headings.filter((each) => each.dataset.column !== "fusion")) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => showColumn(heading.dataset.column, box.checked));
    label.append(box, ` ${heading.textContent}`);
    chooser.querySelector("fieldset").append(label);
  }
}

// A link to something folded unfolds it.
function unfold(hash) {
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  const folded = target?.closest("details") ?? target?.querySelector("details");
  if (folded && !target.matches("section")) folded.open = true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) unfold(link.hash);
});
unfold(location.hash);

// A figure as a file of its own has the colours of the light theme, and needs no other file.
function standAlone(svg) {
  const rules = [...document.styleSheets[0].cssRules].filter((rule) => rule.selectorText === ":root");
  const colour = (name) => rules.map((rule) => rule.style.getPropertyValue(name)).join("").trim();
  const copy = svg.cloneNode(true);
  copy.setAttribute("font-family", "sans-serif");
  copy.setAttribute("stroke-linejoin", "round");
  return new XMLSerializer()
    .serializeToString(copy)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name))
    .replaceAll("currentColor", colour("--ink"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function savePng(svg, name) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * svg.width.baseVal.value;
    canvas.height = 2 * svg.height.baseVal.value;
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, name));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standAlone(svg))}`;
}

for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg");
  const title = figure.querySelector("figcaption").textContent.trim();
  const formats = {
    SVG: () => save(new Blob([standAlone(svg)], { type: "image/svg+xml" }), `${figure.id}.svg`),
    PNG: () => savePng(svg, `${figure.id}.png`),
  };
  for (const [format, download] of Object.entries(formats)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format;
    button.setAttribute("aria-label", `${title} as ${format}`);
    button.addEventListener("click", download);
    figure.querySelector(".downloads").append(button, " ");
  }
}
