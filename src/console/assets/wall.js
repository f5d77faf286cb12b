// Keeps a wallboard live: what the server sends takes the place of what is shown; silence is said, and tried to be ended.
(() => {
  const board = document.getElementById("papan"), lost = document.getElementById("putus");
  if (!window.EventSource) return void setTimeout(() => location.reload(), 15000);
  let heard = Date.now(), source;
  const alive = () => { heard = Date.now(); lost.hidden = true; };
  // A browser gives up after an answer that is no stream: a screen taken back, a controller that started anew and may have
  // another page. The page is loaded anew once it answers; until then what was seen last stays.
  const again = () => fetch(location.href, { cache: "no-store" }).then(
    (page) => (page.ok || page.status === 404 ? location.reload() : setTimeout(again, 10000)),
    () => setTimeout(again, 10000));
  const open = () => {
    source = new EventSource(board.dataset.stream);
    source.addEventListener("papan", (event) => { alive(); board.innerHTML = event.data; });
    source.addEventListener("detak", alive);
    // Taken back: nothing is shown any more.
    source.addEventListener("tutup", () => { source.close(); board.textContent = ""; again(); });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(again, 10000);
    });
  };
  setInterval(() => { if (Date.now() - heard > 15000) lost.hidden = false; }, 1000);
  open();
})();
