// Warns before an idle session ends and lets the resident stay (WCAG 2.2.1). Without it, signing in again keeps what was typed.
(function () {
  "use strict";
  var warning = document.querySelector(".portal-timeout");
  if (!warning) return;
  var form = warning.querySelector("form");
  var words = warning.querySelector("[data-over]");
  var idle = Number(warning.dataset.idleSeconds);
  var ahead = Number(warning.dataset.warnSeconds);
  var timer = 0;

  function over() {
    form.hidden = true;
    words.textContent = words.dataset.over;
  }

  function warn() {
    warning.hidden = false;
    timer = window.setTimeout(over, ahead * 1000);
  }

  function start() {
    window.clearTimeout(timer);
    warning.hidden = true;
    timer = window.setTimeout(warn, Math.max(idle - ahead, 0) * 1000);
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" }).then(
      function (answer) { if (answer.ok) { start(); } else { over(); } },
      over
    );
  });
  start();
})();
