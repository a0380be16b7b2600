"use strict";

// Sorting: a button in each head of a table.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, heads, column));
    head.append(button);
  });
}

function sort(table, heads, column) {
  const head = heads[column];
  const numbers = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  const falls = before ? before === "ascending" : numbers;
  const key = (row) => row.cells[column].dataset.key;
  const rows = [...table.tBodies[0].rows];
  const numeric = rows.every((row) => key(row) === "" || Number.isFinite(Number(key(row))));
  const compare = (a, b) => (numeric ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true }));
  rows.sort((a, b) => {
    const [first, second] = [key(a), key(b)];
    // What has no value comes last either way.
    if (first === "" || second === "") return (first === "") - (second === "");
    return falls ? compare(second, first) : compare(first, second);
  });
  table.tBodies[0].append(...rows);
  heads.forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", falls ? "descending" : "ascending");
  say(`Sorted by ${head.textContent}, ${falls ? "falling" : "rising"}`);
}

function say(text) {
  document.getElementById("said").textContent = text;
}

// Slices: a slider below each stack.
for (const slider of document.querySelectorAll("input[data-slices]")) {
  const figure = slider.closest("figure");
  const stack = figure.querySelector("[data-stack]");
  const slices = slider.dataset.slices.split(" ");
  const show = () => {
    const slice = slices[slider.value];
    stack.setAttribute("transform", `translate(0 ${-slider.value * stack.dataset.stack})`);
    figure.querySelector(".slice").textContent = slice;
    slider.setAttribute("aria-valuetext", `slice ${slice} of ${slider.dataset.of}`);
  };
  slider.addEventListener("input", show);
  slider.hidden = false;
  show();
}

// Copying. Where the browser doesn't let a page copy, the text is selected instead.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  const select = () => {
    getSelection().selectAllChildren(text);
    say("The text is selected");
  };
  button.addEventListener("click", () => {
    const copied = navigator.clipboard ? navigator.clipboard.writeText(text.textContent) : Promise.reject();
    copied.then(() => say("The text was copied"), select);
  });
  button.hidden = false;
}
