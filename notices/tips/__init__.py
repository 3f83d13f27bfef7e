"""Tips: which one stands in a notice, which one is sent to whom and when. Pure; the words are templates like those of any other notice."""
