// Marks that scripts run, so that controls which need them are shown. Loaded before the page is painted.
document.documentElement.classList.add("has-scripts");
