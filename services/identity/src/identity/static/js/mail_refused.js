// Shows the page again once the mail server has refused the address, unless a code is being typed.
(function () {
  "use strict";
  // Seconds between two questions: most mail servers answer at once, some after a while.
  var WAITS = [3, 5, 10, 20, 40, 60];
  var ask = document.currentScript.getAttribute("data-ask");
  function askAfter(turn) {
    if (turn === WAITS.length) { return; }
    setTimeout(function () {
      fetch(ask, { headers: { Accept: "application/json" } })
        .then(function (response) { return response.json(); })
        .then(function (answer) {
          var code = document.querySelector("input[name=code]");
          if (answer.refused && !(code && code.value)) {
            window.location.replace(window.location.href);
          } else {
            askAfter(turn + 1);
          }
        })
        .catch(function () { askAfter(turn + 1); });
    }, WAITS[turn] * 1000);
  }
  askAfter(0);
})();
