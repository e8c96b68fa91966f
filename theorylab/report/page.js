
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const names = ["paper", "relation", "evidence", "verdict", "q"];
  const shown = [...document.querySelectorAll("article, .unchecked, main > section > details")];
  const statements = shown.filter((part) => part.tagName === "ARTICLE");
  const text = new Map(shown.map((part) => [part, part.textContent.toLowerCase()]));

  function matches(part, wanted) {
    return names.every((name) => {
      if (!wanted[name]) return true;
      if (name !== "q") return part.dataset[name] === wanted[name];
      return wanted.q.toLowerCase().split(/\s+/).every((word) => text.get(part).includes(word));
    });
  }

  function apply() {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]));
    for (const part of shown) part.hidden = !matches(part, wanted);
    for (const section of document.querySelectorAll("main > section")) {
      const open = section.querySelector("h3.open");
      if (open) open.hidden = !section.querySelector(".unchecked:not([hidden])");
      section.hidden = !shown.some((part) => section.contains(part) && !part.hidden);
    }
    const count = statements.filter((part) => !part.hidden).length;
    document.getElementById("count").value = `${count} of ${statements.length} statements shown`;
    document.getElementById("nothing").hidden = shown.some((part) => !part.hidden);
    return wanted;
  }

  function fromAddress() {
    const hash = location.hash.slice(1);
    const given = new URLSearchParams(hash.includes("=") ? hash : "");
    for (const name of names) {
      const field = form.elements[name];
      field.value = given.get(name) || "";
      if (field.value !== (given.get(name) || "")) field.value = "";
    }
    apply();
    const target = hash && !hash.includes("=") && document.getElementById(hash);
    if (target) target.scrollIntoView();
  }

  function toAddress() {
    const wanted = apply();
    const given = new URLSearchParams(names.filter((name) => wanted[name]).map((name) => [name, wanted[name]]));
    history.replaceState(null, "", "#" + given);
  }

  form.addEventListener("input", toAddress);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(toAddress));
  addEventListener("hashchange", () => {
    fromAddress();
    if (location.hash.includes("=")) form.scrollIntoView();
  });
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
  form.hidden = false;
  fromAddress();
})();
