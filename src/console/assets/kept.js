// What was typed comes back where a form was held up by the sign-in: the session had ended, or password or code were asked for again.
// It stays in this tab (sessionStorage), for half an hour, and never a password, a file or what the page itself filled in.
(() => {
  const KEY = "gapura-ketikan", LONGEST = 30 * 60 * 1000, now = Date.now();
  const typed = (field) => field.name && !field.readOnly && !field.disabled &&
    (field.tagName === "TEXTAREA" || field.tagName === "SELECT" ||
     field.tagName === "INPUT" && !["hidden", "password", "file", "submit", "button"].includes(field.type));
  const switches = (field) => field.type === "checkbox" || field.type === "radio";
  const action = (form) => form.getAttribute("action");
  const read = () => { try { return JSON.parse(sessionStorage.getItem(KEY)); } catch { return null; } };
  const write = (held) => { try { sessionStorage.setItem(KEY, JSON.stringify(held)); } catch { /* Full, or switched off. */ } };
  const forget = () => { try { sessionStorage.removeItem(KEY); } catch { /* Switched off. */ } };
  const restore = (form, held) => {
    const left = held.fields.slice();
    for (const field of [...form.elements].filter(typed)) {
      const at = left.findIndex(([name, value]) => name === field.name && (!switches(field) || field.value === value));
      const [[, value, on] = []] = at < 0 ? [] : left.splice(at, 1);
      if (value === undefined) continue;
      if (switches(field)) field.checked = on; else field.value = value;
    }
    for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const note = document.getElementById("kembali-ketikan");
    if (note) note.hidden = false;
    (form.querySelector("textarea") || form).scrollIntoView({ block: "center" });
  };
  const person = () => { const me = document.querySelector(".me a"); return me && me.textContent; };
  const held = read(), at = location.pathname;
  const door = at === "/buktikan" || at === "/masuk" || at.startsWith("/masuk/");
  // Somebody else at the same machine sees nothing of it.
  const other = held && !door && held.who !== person();
  if (held && (now - held.at > LONGEST || other || !door && !held.stopped)) forget();
  else if (held && door) write({ ...held, stopped: true });
  else if (held) {
    const form = [...document.forms].find((form) => action(form) === held.action);
    if (form) { forget(); restore(form, held); }
  }
  if (!door) document.addEventListener("submit", ({ target: form }) => {
    if (form.method !== "post" || !action(form)) return;
    const fields = [...form.elements].filter(typed).map((field) => [field.name, field.value, switches(field) && field.checked]);
    if (fields.length) write({ at: Date.now(), who: person(), action: action(form), fields, stopped: false });
  });
})();
