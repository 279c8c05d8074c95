"use strict";
// A table knows all its rows, those of its <template> too; what is searched, sorted and paged is the list, not the page.
const lists = new Map();
function listOf(table) {
  if (!lists.has(table)) {
    const more = document.getElementById(`${table.id}-more`);
    const pages = document.querySelector(`.pages[data-for="${table.id}"]`);
    const rows = [...table.tBodies[0].rows, ...(more ? more.content.querySelectorAll("tr") : [])];
    lists.set(table, { rows, pages, word: "", page: 0, size: pages ? Number(pages.dataset.rows) : Infinity });
  }
  return lists.get(table);
}
function show(table, limit) {
  const list = listOf(table);
  const found = list.word ? list.rows.filter((row) => row.textContent.toLowerCase().includes(list.word)) : list.rows;
  const last = Math.max(0, Math.ceil(found.length / list.size) - 1);
  list.page = Math.min(list.page, last);
  const first = limit || !Number.isFinite(list.size) ? 0 : list.page * list.size;
  table.tBodies[0].replaceChildren(...found.slice(first, first + (limit || list.size)));
  if (!list.pages) return;
  list.pages.hidden = last === 0;
  list.pages.querySelector("span").textContent = `page ${list.page + 1} of ${last + 1}, ${found.length} rows`;
  const [before, after] = list.pages.querySelectorAll("button");
  before.disabled = list.page === 0;
  after.disabled = list.page === last;
}
for (const table of document.querySelectorAll("table.sortable")) {
  const list = listOf(table);
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
      const rows = list.rows.map((row) => [worth(row), row]);
      rows.sort((one, other) => compare(one[0], other[0]) * (down ? -1 : 1));
      list.rows = rows.map((pair) => pair[1]);
      list.page = 0;
      show(table);
    });
  });
  if (list.pages) {
    const [before, after] = list.pages.querySelectorAll("button");
    before.addEventListener("click", () => { list.page -= 1; show(table); });
    after.addEventListener("click", () => { list.page += 1; show(table); });
    show(table);
  }
}
for (const field of document.querySelectorAll("input[type=search]")) {
  const table = document.getElementById(field.getAttribute("aria-controls"));
  const list = listOf(table);
  field.hidden = false;
  field.addEventListener("input", () => {
    list.word = field.value.trim().toLowerCase();
    list.page = 0;
    show(table);
  });
}
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
  for (const [table, list] of lists) if (list.pages) show(table, 500);
});
window.addEventListener("afterprint", () => {
  for (const [table, list] of lists) if (list.pages) show(table);
});
