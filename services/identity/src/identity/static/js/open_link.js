// Sends the token of a mailed link, which the browser keeps in the address and sends to no server by itself.
(function () {
  "use strict";
  function send() {
    var form = document.querySelector("form[data-open-link]");
    var token = window.location.hash.slice(1);
    if (!form || !token) { return; }
    // The way back must not lead through here again.
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    form.elements.link.value = token;
    form.submit();
  }
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", send, { once: true });
  } else {
    send();
  }
})();
