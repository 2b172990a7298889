"""How the shipped weights were made. Each script is run by hand; what it makes stands in nlp/weights."""
