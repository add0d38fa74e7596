"""How good the at-risk flag has been: replayed at past dates, judged by who stayed away afterwards."""
