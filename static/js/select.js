// Comfort for ticking: the whole page at once, a range with Shift, a live count; and a box that narrows long lists.
// Everything works without it.
(() => {
  const boxes = (form) => [...form.querySelectorAll('input[name="valgt"]')];
  let last = null;

  function tell(form) {
    const all = boxes(form);
    const ticked = all.filter((box) => box.checked).length;
    const page = form.querySelector(".choose-page");
    if (page) {
      page.hidden = false;
      page.checked = ticked > 0 && ticked === all.length;
      page.indeterminate = ticked > 0 && ticked < all.length;
    }
    const count = form.querySelector(".choose-count");
    if (count && form.dataset.keep === undefined) count.textContent = ticked ? count.dataset.text.replace("#", ticked) : "";
  }

  function begin() {
    document.querySelectorAll("form.choose").forEach(tell);
    document.querySelectorAll("label.narrow").forEach((label) => {
      label.hidden = false;
    });
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    const form = box.closest?.("form.choose");
    if (!form || box.name !== "valgt") return;
    const all = boxes(form);
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((one) => {
        one.checked = box.checked;
      });
    }
    last = box;
    tell(form);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form.choose");
    if (!form) return;
    if (event.target.classList.contains("choose-page")) {
      boxes(form).forEach((box) => {
        box.checked = event.target.checked;
      });
    }
    tell(form);
  });

  document.addEventListener("input", (event) => {
    const id = event.target.dataset?.narrows;
    if (!id) return;
    const words = event.target.value.toLowerCase().trim().split(/\s+/);
    document.querySelectorAll(`#${id} details`).forEach((group) => {
      let some = false;
      group.querySelectorAll(".choice").forEach((choice) => {
        const text = choice.textContent.toLowerCase();
        choice.hidden = !words.every((word) => text.includes(word));
        some ||= !choice.hidden;
      });
      group.hidden = !some;
      if (words[0]) group.open = some;
    });
  });

  document.addEventListener("keydown", (event) => {
    // Enter narrows; it does not send the form off half filled.
    if (event.key === "Enter" && event.target.dataset?.narrows) event.preventDefault();
  });

  document.addEventListener("htmx:afterSwap", begin);
  // A page gone back to keeps its ticks, and puts them in after it was read.
  window.addEventListener("pageshow", begin);
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", begin) : begin();
})();
