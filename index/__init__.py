"""From labelled articles to search and trends.

One analysis (:mod:`index.analysis`), one query tree (:mod:`index.query`), one small protocol (:mod:`index.engine`); trends and
rising terms are computed on top of the protocol, so that every engine gives the same numbers.
"""
