// A file is chosen by a button in the language of the page, with the names of the files beside it; what the browser
// itself shows is in the language of the browser. The field lies over both, unseen: it is still what is clicked, dropped
// on, reached by keyboard and read aloud. Without this script it is seen as the browser shows it.
(() => {
  const words = document.currentScript.dataset;
  for (const input of document.querySelectorAll('input[type="file"]')) {
    const box = document.createElement("span");
    const button = document.createElement("span");
    const names = document.createElement("span");
    box.className = "file-choice";
    button.className = "button button-secondary";
    button.textContent = input.multiple ? words.many : words.one;
    names.className = "file-names";
    for (const seen of [button, names]) seen.setAttribute("aria-hidden", "true");
    input.replaceWith(box);
    box.append(button, names, input);
    const tell = () => {
      names.textContent = [...input.files].map((file) => file.name).join(", ") || words.none;
    };
    tell();
    input.addEventListener("change", tell);
    addEventListener("pageshow", tell); // a browser that goes back may remember the files
  }
})();
