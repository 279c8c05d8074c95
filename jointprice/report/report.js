"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const number = head.classList.contains("number");
      const worth = (row) => {
        const cell = row.cells[column];
        return number ? Number(cell.dataset.value || "-Infinity") : cell.textContent.trim();
      };
      const compare = number ? (one, other) => (one < other ? -1 : one > other ? 1 : 0)
        : (one, other) => one.localeCompare(other, undefined, { numeric: true });
      const rows = [...body.rows].map((row) => [worth(row), row]);
      rows.sort((one, other) => compare(one[0], other[0]) * (down ? -1 : 1));
      body.append(...rows.map((pair) => pair[1]));
    });
  });
}
for (const field of document.querySelectorAll("input[type=search]")) {
  const rows = [...document.getElementById(field.getAttribute("aria-controls")).tBodies[0].rows];
  field.hidden = false;
  field.addEventListener("input", () => {
    const word = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(word);
  });
}
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
