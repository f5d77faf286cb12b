// Prints the page that asked for it, once it and its style are there.
addEventListener("load", () => print());
