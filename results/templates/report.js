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
  if (target instanceof HTMLDetailsElement) target.open = true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) unfold(link.hash);
});
unfold(location.hash);
