// The list: ticks that are kept from page to page, the columns' order, short addresses. Everything works without it.
(() => {
  // Ticks of one search by one person, as long as the tab is open: {all, glns}. Page, order and rows a page are no
  // part of its key.
  function keepTicks(form) {
    const key = `valgt:${form.dataset.keep}`;
    const boxes = [...form.querySelectorAll('input[name="valgt"]')];
    const part = (name) => form.querySelector(`.${name}`);
    const total = () => part("choose-bar").querySelector("#all-count").textContent.trim();
    let glns = new Set();
    let all = false;

    function read() {
      try {
        const kept = JSON.parse(sessionStorage.getItem(key) || "{}");
        glns = new Set(kept.glns);
        all = Boolean(kept.all);
      } catch {
        glns = new Set();
      }
    }

    function write() {
      try {
        if (all || glns.size) sessionStorage.setItem(key, JSON.stringify({ all, glns: [...glns] }));
        else sessionStorage.removeItem(key);
      } catch {
        // Without storage the ticks go for this page.
      }
    }

    function tell() {
      const some = all || glns.size > 0;
      const words = part("choose-count").dataset;
      part("choose-count").textContent = all
        ? words.all.replace("#", total())
        : glns.size === 1
          ? words.one
          : glns.size
            ? words.text.replace("#", glns.size.toLocaleString(document.documentElement.lang))
            : "";
      form.classList.toggle("has-chosen", some);
      part("choose-all").hidden = all;
      part("choose-none").hidden = !some;
      part("edit-all").hidden = true;
      form.querySelectorAll('button[value="valgte"], .fetch-chosen').forEach((one) => {
        one.hidden = !some;
      });
      part("choose-all").querySelector(".all-count").textContent = total();
    }

    function show() {
      boxes.forEach((box) => {
        box.checked = all || glns.has(box.value);
      });
      form.dispatchEvent(new Event("change", { bubbles: true }));
    }

    // After select.js, which ticks the page and ranges.
    document.addEventListener("change", (event) => {
      if (!form.contains(event.target)) return;
      if (all && boxes.some((box) => !box.checked)) {
        all = false;
        glns = new Set();
      }
      if (!all) boxes.forEach((box) => (box.checked ? glns.add(box.value) : glns.delete(box.value)));
      write();
      tell();
    });
    // A range by Shift ticks boxes without an event of their own.
    form.addEventListener("click", (event) => {
      if (event.target.name === "valgt" && event.shiftKey) {
        setTimeout(() => form.dispatchEvent(new Event("change", { bubbles: true })));
      }
    });

    function choose(everything) {
      all = everything;
      glns = new Set();
      show();
      part(everything ? "choose-none" : "choose-all").focus();
    }
    part("choose-all").addEventListener("click", () => choose(true));
    part("choose-none").addEventListener("click", () => choose(false));

    form.addEventListener("submit", (event) => {
      const add = (name, value) => {
        const input = document.createElement("input");
        input.type = "hidden";
        input.name = name;
        input.value = value;
        form.append(input);
        setTimeout(() => input.remove()); // a file that is fetched leaves the page as it is
      };
      if (!all) {
        const here = new Set(boxes.map((box) => box.value));
        glns.forEach((gln) => here.has(gln) || add("valgt", gln));
        return;
      }
      boxes.forEach((box) => {
        box.disabled = true;
        setTimeout(() => {
          box.disabled = false;
        });
      });
      const button = event.submitter;
      if (button?.name !== "omfang") add("omfang", "alle");
      else if (button.value === "valgte") {
        button.value = "alle";
        setTimeout(() => {
          button.value = "valgte";
        });
      }
    });

    document.addEventListener("htmx:oobAfterSwap", (event) => {
      if (event.detail.target.id === "all-count") tell();
    });
    const begin = () => {
      read();
      show();
    };
    begin();
    window.addEventListener("pageshow", begin);
  }

  function moveColumns(list) {
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button.move");
      if (!button) return;
      event.preventDefault();
      const item = button.closest("li");
      const up = button.name === "op";
      const other = up ? item.previousElementSibling : item.nextElementSibling;
      if (other) other[up ? "before" : "after"](item);
      button.focus();
    });
  }

  // What was left empty does not stand in the address.
  function shortAddress(find) {
    const enable = () => {
      [...find.elements].forEach((one) => {
        one.disabled = false;
      });
    };
    find.addEventListener("submit", () => {
      [...find.elements].forEach((one) => {
        if (one.name && !one.value) one.disabled = true;
      });
      if (find.elements.edi_ny?.disabled) find.elements.edi_maade.disabled = true;
    });
    window.addEventListener("pageshow", enable);
  }

  function closeMenus(event) {
    const escape = event.type === "keydown";
    if (escape && event.key !== "Escape") return;
    document.querySelectorAll("details.drop[open], details.fetch[open]").forEach((menu) => {
      if (!escape && menu.contains(event.target)) return;
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (escape && inside) menu.querySelector("summary").focus();
    });
  }

  document.querySelectorAll("form.choose[data-keep]").forEach(keepTicks);
  document.querySelectorAll(".display-columns").forEach(moveColumns);
  document.querySelectorAll("form.find").forEach(shortAddress);
  document.addEventListener("keydown", closeMenus);
  document.addEventListener("click", closeMenus);
})();
