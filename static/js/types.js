// The names of a number's EDI types, beside their codes while these are pointed at or have the focus.
// Without it the codes are a link to the number's own page, which names them all.
(() => {
  const box = document.getElementById("type-names");
  if (!box) return;
  const names = new Map(
    [...document.querySelectorAll("#edi-types option")].map((one) => [one.dataset.key, [one.value, one.textContent]]),
  );
  let shown = null;
  let leaving = 0;

  function line([label, name]) {
    const item = document.createElement("li");
    const code = document.createElement("span");
    code.className = "code";
    code.textContent = label;
    item.append(code, ` ${name}`);
    return item;
  }

  function show(link) {
    clearTimeout(leaving);
    if (shown === link) return;
    hide();
    const list = document.createElement("ul");
    const keys = link.dataset.types.split(" ");
    list.append(...keys.map((key) => line(names.get(key) || [key, ""])));
    list.classList.toggle("many", keys.length > 8 && window.innerWidth > 575);
    box.replaceChildren(list);
    box.hidden = false;
    const at = link.getBoundingClientRect();
    const below = window.innerHeight - at.bottom;
    box.style.maxHeight = `${Math.max(below, at.top) - 16}px`;
    const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8);
    box.style.left = `${Math.max(left, 8)}px`;
    const height = box.offsetHeight;
    box.style.top = `${below >= height + 8 || below >= at.top ? at.bottom + 4 : at.top - height - 4}px`;
    link.setAttribute("aria-describedby", "type-names");
    shown = link;
  }

  function hide() {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  }

  const linkOf = (event) => event.target.closest?.("a.type-codes");
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link) show(link);
    else hide();
  });
  document.addEventListener("mouseover", (event) => {
    const link = linkOf(event);
    if (link) show(link);
    else if (box.contains(event.target)) clearTimeout(leaving);
    else if (shown && shown !== document.activeElement) {
      clearTimeout(leaving);
      leaving = setTimeout(hide, 150);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  window.addEventListener("scroll", hide, { passive: true });
})();
