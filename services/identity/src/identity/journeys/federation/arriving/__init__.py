"""How this journey ends in the browser: let in, sent on to something else, or told why not and what to do."""
