"""The colours of stances, the same in digests, mails and Kibana."""

from collections.abc import Mapping

# Blue against orange stays apart for readers who do not tell red from green (Okabe and Ito, 2008); these are dark enough for text
# on white. A stance is never told by its colour alone: it has a row and a name, and in words its sign.
STANCE_COLOURS: Mapping[str, str] = {"supportive": "#0b62a4", "neutral": "#8b929a", "critical": "#c4500c", "unsure": "#c9ced4"}
