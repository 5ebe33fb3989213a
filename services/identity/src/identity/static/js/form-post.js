// Sends the answer on to the website (OAuth 2.0 Form Post Response Mode). Without scripts there is the button.
document.querySelector("form[data-submit-at-once]").submit();
