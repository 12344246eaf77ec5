"""Pages for people, without scripts. A page's words are in its template, in English; `locales/` has the French."""
