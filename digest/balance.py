"""The balance of a week: supportive less critical articles, with an interval that holds for few articles too."""

import math

from digest.model import Balance

Z = 1.959964  # of the normal distribution, 95 % two-sided


def balance(supportive: int, neutral: int, critical: int, query: str) -> Balance:
    """The difference of two shares of one sample, with its 95 % interval. query: finds the articles of all three.

    Supportive and critical are two cells of one multinomial, as are the discordant cells of paired data, so that the adjusted
    Wald interval of Bonett and Price for paired proportions applies (Journal of Educational and Behavioral Statistics 37, 2012,
    479-488): one article is added to either side, p = (count + 1) / (n + 2), and the variance is
    (p₊ + p₋ - (p₊ - p₋)²) / (n + 2). Its coverage stays near 95 % from a handful of articles on, where the plain Wald interval
    collapses to a point. It takes the articles for independent; reprints of one text make it a little too narrow.
    """
    n = supportive + neutral + critical
    if not n:
        return Balance(0, None, None, None, query)
    plus, minus = (supportive + 1) / (n + 2), (critical + 1) / (n + 2)
    middle = plus - minus
    half = Z * math.sqrt((plus + minus - middle**2) / (n + 2))
    return Balance(
        n, round((supportive - critical) / n, 4), round(max(-1.0, middle - half), 4), round(min(1.0, middle + half), 4), query
    )
