// Presses the page's one button: the click in the mail is the one click. Only the browser that asked gets this page.
(function () {
  "use strict";
  function press() {
    var form = document.querySelector("form[data-one-click]");
    if (form) { form.requestSubmit(); }
  }
  // A browser that loads pages ahead of the click must not click for its user.
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", press, { once: true });
  } else {
    press();
  }
})();
