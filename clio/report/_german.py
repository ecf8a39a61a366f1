from clio.report._english import ENGLISH

GERMAN = dict(ENGLISH)
