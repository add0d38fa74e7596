"""The documents keep their word: commands and queries run, links lead somewhere, lists are whole."""
